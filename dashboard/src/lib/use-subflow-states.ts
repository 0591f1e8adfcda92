import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { NodeDetail, RunDetail } from "smithers-orchestrator/client";
import type { ParsedFrame } from "./frame.ts";
import { nodeQuery } from "./queries.ts";
import { nodeKey, type RunLog } from "./run-log.ts";

/** The most subflows whose state is read; those after them are shown as running. */
const maxRead = 40;

/**
 * Keeps the log's states of subflows current. What a subflow waits for is told by the events of its own run, so the
 * nodes are read again whenever the counts of the run's states change. Returns a number that grows with each change.
 */
export function useSubflowStates(run: RunDetail, log: RunLog, frame: ParsedFrame | undefined): number {
  const [version, setVersion] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log is changed in place, and counts its changes
  const open = useMemo(
    () =>
      (frame?.tasks ?? [])
        .filter(
          ({ kind, nodeId, iteration }) => kind === "subflow" && log.node(nodeId, iteration)?.state === "in-progress",
        )
        .slice(0, maxRead),
    [frame, log, log.version],
  );
  const counts = JSON.stringify(run.summary);
  const told = useQueries({
    queries: open.map(({ nodeId, iteration }) => ({
      ...nodeQuery(run.runId, nodeId, iteration, counts),
      placeholderData: (before: NodeDetail | undefined) => before,
    })),
    combine: (answers) => answers.flatMap(({ data }) => (data === undefined ? [] : [data])),
  });
  useEffect(() => {
    log.subflows = new Map(told.map(({ nodeId, iteration, state }) => [nodeKey(nodeId, iteration), state]));
    setVersion((before) => before + 1);
  }, [log, told]);
  return version;
}

import type { NodeItem, RunDetail } from "../../api/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import { type Note, notesOf } from "../notes/notes.ts";
import type { Source } from "../source/source.ts";
import { failure } from "./failure.ts";
import type { Reason } from "./reason.ts";
import { broken, ownerless } from "./stuck.ts";
import { waitReasons } from "./waits.ts";

/**
 * The reasons why a run does not continue, and what else a person should know; of a run that has finished or was
 * cancelled only the latter.
 */
export async function whyOf(source: Source, overview: RunOverview): Promise<Reason[]> {
  const notes = await notesOf(source, overview);
  return [...(await reasonsOf(source, overview)), ...notes.map(noted)];
}

function noted({ kind, nodes, text }: Note): Reason {
  return { ...(nodes.length === 1 && nodes[0]), kind, what: text, commands: [] };
}

async function reasonsOf(source: Source, overview: RunOverview): Promise<Reason[]> {
  const { run, nodes } = overview;
  const { runId, status, runState } = run;
  const { unhealthy } = runState;
  if (run.continuedAs !== undefined) {
    const what = `The run has continued as ${run.continuedAs}.`;
    return [{ kind: "continued", what, commands: [["why", run.continuedAs]] }];
  }
  if (status === "failed") return [failure(run, nodes)];
  if (runState.state === "stale" && unhealthy) return [ownerless(runId, unhealthy)];
  const inSubflows = await subflowReasons(source, nodes);
  if (status === "running") {
    const own = nodes.filter(({ childRunId }) => childRunId === undefined);
    const isOnlySubflows = inSubflows.length > 0 && !own.some(({ state }) => state === "in-progress");
    return [...(isOnlySubflows ? [] : running(run, own)), ...inSubflows, ...(await waitReasons(source, overview))];
  }
  if (!status.startsWith("waiting-")) return [];
  const waits = [...inSubflows, ...(await waitReasons(source, overview))];
  const isTold = unhealthy?.code === undefined || waits.some(({ kind }) => kind === "not-continued");
  return isTold ? waits : [broken(runId, unhealthy), ...waits];
}

/** Why the runs of subflows that have not ended do not continue. */
async function subflowReasons(source: Source, nodes: readonly NodeItem[]): Promise<Reason[]> {
  const open = nodes.filter(({ state }) => state === "in-progress" || state.startsWith("waiting-"));
  const found: Reason[] = [];
  for (const { nodeId, iteration, childRunId } of open) {
    if (childRunId === undefined) continue;
    for (const reason of await reasonsOf(source, await source.overview(childRunId))) {
      const what = `The run ${childRunId} of the subflow "${nodeId}": ${reason.what}`;
      found.push({ ...reason, nodeId, iteration, what });
    }
  }
  return found;
}

function running({ runId, runState: { unhealthy, queued } }: RunDetail, nodes: readonly NodeItem[]): Reason[] {
  const follow = [["logs", runId, "--follow"]];
  const waits: Reason[] = queued
    ? [{ kind: "queued", sinceMs: queued.sinceMs, what: queued.reason, commands: follow }]
    : [];
  if (unhealthy?.kind === "retrying") {
    const { nodeId, iteration, reason } = unhealthy;
    return [{ kind: "retrying", nodeId, iteration, what: reason, commands: [...follow, ["cancel", runId]] }, ...waits];
  }
  const busy = nodes.filter(({ state }) => state === "in-progress");
  if (busy.length === 0 && queued) return waits;
  if (busy.length === 0) return [{ kind: "running", what: "The run is being executed.", commands: follow }];
  const reasons = busy.map(
    ({ nodeId, iteration, startedAtMs }): Reason => ({
      kind: "running",
      nodeId,
      iteration,
      sinceMs: startedAtMs,
      what: `"${nodeId}" is being executed.`,
      commands: follow,
    }),
  );
  return [...reasons, ...waits];
}

import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Frame, RunDetail } from "smithers-orchestrator/client";
import { parseFrame } from "../../lib/frame.ts";
import { nodeKey, type RunLog } from "../../lib/run-log.ts";
import { rowsInState, rowsOf } from "../../lib/tree.ts";
import { useSubflowStates } from "../../lib/use-subflow-states.ts";
import { JsonTree } from "../../ui/json-tree.tsx";
import { wordOf } from "../../ui/mark.tsx";
import { Empty, Loading } from "../../ui/states.tsx";
import { NodePanel } from "./node-panel.tsx";
import { StepTree } from "./step-tree.tsx";

const route = getRouteApi("/runs/$runId");

/** The tree as the author wrote it, with each step's time at its side, and one step in detail. */
export function StepsTab(props: { run: RunDetail; log: RunLog; frame: Frame | undefined; isLoaded: boolean }) {
  const { run, log, frame, isLoaded } = props;
  const { node, iteration = 0, state } = route.useSearch();
  const navigate = route.useNavigate();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const parsed = useMemo(() => frame && parseFrame(frame), [frame]);
  const subflows = useSubflowStates(run, log, parsed);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log is changed in place, and counts its changes
  const rows = useMemo(() => {
    const all = parsed ? rowsOf(parsed, log, folded) : [];
    return state === undefined ? all : rowsInState(state, all, log);
  }, [parsed, log, log.version, subflows, folded, state]);
  const fold = (key: string) => {
    const next = new Set(folded);
    if (!next.delete(key)) next.add(key);
    setFolded(next);
  };
  const select = (nodeId: string | undefined, iteration = 0) =>
    void navigate({
      search: (before) => ({ ...before, node: nodeId, iteration: iteration || undefined }),
      replace: node !== undefined,
    });

  if (!parsed) {
    if (isLoaded && log.endedAtMs !== undefined)
      return <Empty title="The run has ended before its workflow was rendered" />;
    return <Loading rows={8} label="Loading the steps" />;
  }
  return (
    <div className={`steps ${node === undefined ? "" : "has-panel"}`}>
      <StepTree
        rows={rows}
        about={state === undefined ? undefined : <OnlyThese state={state} count={rows.length} />}
        log={log}
        folded={folded}
        selected={node === undefined ? undefined : nodeKey(node, iteration)}
        onFold={fold}
        onSelect={select}
      />
      {node === undefined ? (
        run.output !== undefined && (
          <aside className="panel is-output" aria-label="Output of the run">
            <h2>{run.finishedAtMs === null ? "Output so far" : "Output"}</h2>
            <JsonTree value={run.output} label="the output" />
          </aside>
        )
      ) : (
        <NodePanel
          key={nodeKey(node, iteration)}
          runId={run.runId}
          nodeId={node}
          iteration={iteration}
          log={log}
          status={run.status}
          onClose={() => select(undefined)}
        />
      )}
    </div>
  );
}

/** Says which steps are left out, and brings them back. */
function OnlyThese({ state, count }: { state: string; count: number }) {
  return (
    <p className="only-these" role="status">
      {count === 1 ? "1 step" : `${count} steps`}: {wordOf(state).toLowerCase()}.{" "}
      <Link from="/runs/$runId" to="." search={(before) => ({ ...before, state: undefined })} className="link" replace>
        Show all steps
      </Link>
    </p>
  );
}

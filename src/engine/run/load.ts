import type { Run } from "../../model/index.ts";
import type { Lease, Store } from "../../store/index.ts";
import type { WorkflowSource } from "../source.ts";
import { recordLostAttempt } from "../turn/attempt-results.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { endRun, type RunEnd } from "../turn/run-end.ts";
import { RunState } from "../turn/run-state.ts";

/** A run as an execution takes it over. */
export interface LoadedRun {
  readonly runState: RunState;
  /** The hash of the tree that the run's last frame shows; undefined when it has no frame. */
  readonly treeHash: string | undefined;
  /** The keys of nodes that are begun even though another has failed, because a person has asked for them. */
  readonly forced: ReadonlySet<string>;
  /** Writes into the first turn what the takeover itself changes. */
  revive(draft: TurnDraft): void;
}

/** A run of which nothing is stored but its row, now or in a moment. */
export function freshRun(run: Run): LoadedRun {
  return {
    runState: new RunState({ run, nodes: [], outputs: [], approvals: [], signals: [], runningAttempts: [] }),
    treeHash: undefined,
    forced: new Set(),
    revive: () => {},
  };
}

export interface LoadOptions {
  /** See {@link LoadedRun.forced}. */
  readonly forced?: ReadonlySet<string>;
  /** How often a task may end its process before it is failed. */
  readonly maxCrashes?: number;
}

/** How often in a row a task, or a run in which nothing is achieved, may end its process before it is failed. */
export const defaultMaxCrashes = 5;

/** Reads a run back from the store, after its lease was taken; undefined when there is none. */
export async function loadRun(
  store: Store,
  runId: string,
  { forced = new Set(), maxCrashes = defaultMaxCrashes }: LoadOptions = {},
): Promise<LoadedRun | undefined> {
  const stored = await store.loadRun(runId);
  if (!stored) return undefined;
  const runState = new RunState(stored);
  return {
    runState,
    treeHash: stored.treeHash,
    forced,
    revive(draft) {
      for (const node of runState.nodes()) if (node.state === "in-progress") recordLostAttempt(draft, node, maxCrashes);
    },
  };
}

/** Notes in the first turn that the run was taken over from an owner who left it, and whether its code has changed. */
export function takenOver(loaded: LoadedRun, source: WorkflowSource, wasLeft: boolean): LoadedRun {
  const { run } = loaded.runState;
  const { workflowPath = run.workflowPath, workflowHash = run.workflowHash } = source;
  const isNew = workflowHash !== null && workflowHash !== run.workflowHash;
  return {
    ...loaded,
    revive(draft) {
      if (wasLeft) draft.emit({ type: "RunAutoResumed" });
      if (isNew) draft.emit({ type: "WorkflowReloaded", workflowHash });
      if (isNew || workflowPath !== run.workflowPath) draft.changeRun({ workflowPath, workflowHash });
      loaded.revive(draft);
    },
  };
}

/** Ends a run from its stored state alone: its workflow is not needed, and its file may be gone. */
export async function endParkedRun(sink: TurnSink, lease: Lease, end: RunEnd): Promise<void> {
  const loaded = await loadRun(sink.store, lease.runId);
  if (!loaded) return;
  const draft = new TurnDraft(loaded.runState, Date.now());
  endRun(draft, end);
  await commitTurn(sink, lease, draft);
}

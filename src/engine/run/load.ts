import type { Approval, Run } from "../../model/index.ts";
import { nodeKey } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import type { WorkflowSource } from "../source.ts";
import { recordLostAttempt } from "../turn/attempt-results.ts";
import type { TurnDraft } from "../turn/draft.ts";
import { RunState } from "../turn/run-state.ts";
import type { FirstCommit } from "./first-commit.ts";

/** A run as an execution takes it over. */
export interface LoadedRun {
  readonly runState: RunState;
  readonly approvals: Map<string, Approval>;
  readonly treeHash: string | undefined;
  /** The keys of nodes that are begun even though another has failed: somebody has asked for them. */
  readonly forced: ReadonlySet<string>;
  /** Writes into the first turn what the takeover itself changes. */
  revive(draft: TurnDraft): void;
  /** Of a run whose row is being written; nothing can have come for it yet. */
  readonly beginning?: FirstCommit;
}

/** A run of which nothing is stored, but its row now or in a moment. */
export function freshRun(run: Run, beginning?: FirstCommit): LoadedRun {
  return {
    beginning,
    runState: new RunState(run, [], []),
    approvals: new Map(),
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

/** Reads a run back from the store, after its lease was taken. */
export async function loadRun(
  store: Store,
  run: Run,
  { forced = new Set(), maxCrashes = defaultMaxCrashes }: LoadOptions = {},
): Promise<LoadedRun> {
  const [nodes, outputs, approvals, treeHash] = await Promise.all([
    store.nodesOf(run.runId),
    store.outputsOf(run.runId),
    store.approvalsOf(run.runId),
    store.lastTreeHash(run.runId),
  ]);
  const runState = new RunState(run, nodes, outputs);
  if (nodes.some(({ state }) => state === "in-progress")) {
    for (const { nodeId, iteration, startedAtMs } of await store.runningAttempts(run.runId)) {
      runState.putAttemptStart(nodeKey(nodeId, iteration), startedAtMs);
    }
  }
  return {
    runState,
    approvals: new Map(approvals.map((approval) => [nodeKey(approval.nodeId, approval.iteration), approval])),
    treeHash,
    forced,
    revive(draft) {
      for (const node of runState.nodes()) if (node.state === "in-progress") recordLostAttempt(draft, node, maxCrashes);
    },
  };
}

/** Notes in the first turn that the run was taken over from an owner who left it, and whether its code has changed. */
export function takenOver(loaded: LoadedRun, run: Run, source: WorkflowSource, wasLeft: boolean): LoadedRun {
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

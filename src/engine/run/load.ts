import type { Run } from "../../model/index.ts";
import { moment } from "../../runtime/index.ts";
import type { Inbox, Lease, Store, StoredRun } from "../../store/index.ts";
import type { WorkflowSource } from "../source.ts";
import { recordLostAttempt } from "../turn/attempt-results.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { endRun, type RunEnd } from "../turn/run-end.ts";
import { RunState } from "../turn/run-state.ts";

/** A run as an execution starts with it. */
export interface LoadedRun {
  readonly runState: RunState;
  /** The hash of the tree that the run's last frame shows; undefined when it has no frame. */
  readonly treeHash: string | undefined;
  /** What had arrived for the run when it was read; undefined for a run that is not stored yet. */
  readonly inbox: Inbox | undefined;
  /** Keys of nodes that start even though another has failed, because a person asked for them. */
  readonly forced: ReadonlySet<string>;
  /** Ids of nodes of which each runs only while nothing else of the run does. */
  readonly alone: ReadonlySet<string>;
  /** Adds to the first turn what the takeover itself changes. */
  recordTakeover(draft: TurnDraft): void;
}

/** A new run: nothing but its row is stored, or is about to be stored. */
export function freshRun(run: Run): LoadedRun {
  return {
    runState: new RunState({ run, nodes: [], outputs: [], approvals: [], signals: [], runningAttempts: [] }),
    treeHash: undefined,
    inbox: undefined,
    forced: new Set(),
    alone: new Set(),
    recordTakeover: () => {},
  };
}

export interface LoadOptions {
  /** See {@link LoadedRun.forced}. */
  readonly forced?: ReadonlySet<string>;
  /** See {@link LoadedRun.alone}. */
  readonly alone?: ReadonlySet<string>;
  /** How often a task may end its process before it fails. */
  readonly maxCrashes?: number;
}

/** How often in a row a task, or a run without progress, may end its process before it fails. */
export const defaultMaxCrashes = 5;

/** Reads a run from the store, after its lease was taken; undefined when it does not exist. */
export async function loadRun(
  store: Store,
  runId: string,
  { forced = new Set(), alone = new Set(), maxCrashes = defaultMaxCrashes }: LoadOptions = {},
): Promise<LoadedRun | undefined> {
  const stored = await store.loadRun(runId);
  if (!stored) return undefined;
  const runState = new RunState(stored);
  return {
    runState,
    treeHash: stored.treeHash,
    inbox: inboxOf(stored),
    forced,
    alone,
    recordTakeover(draft) {
      // A subflow's run continues by itself.
      for (const node of runState.nodes()) {
        if (node.state === "in-progress" && node.kind !== "subflow") recordLostAttempt(draft, node, maxCrashes);
      }
    },
  };
}

function inboxOf({ run, approvals, signals }: StoredRun): Inbox {
  const { inboxNo, cancelRequestedAtMs } = run;
  const decisions = approvals.filter(({ status }) => status === "granted" || status === "denied");
  return { inboxNo, cancelRequestedAtMs, decisions, signals };
}

/**
 * Adds to the first turn whether the code has changed, and whether the run was taken over from an owner that died.
 */
export function withTakeover(loaded: LoadedRun, source: WorkflowSource, ownerDied: boolean): LoadedRun {
  const { run } = loaded.runState;
  const { workflowPath = run.workflowPath, workflowHash = run.workflowHash } = source;
  const isNew = workflowHash !== null && workflowHash !== run.workflowHash;
  return {
    ...loaded,
    recordTakeover(draft) {
      if (ownerDied) draft.emit({ type: "RunAutoResumed" });
      if (isNew) draft.emit({ type: "WorkflowReloaded", workflowHash });
      if (isNew || workflowPath !== run.workflowPath) draft.changeRun({ workflowPath, workflowHash });
      loaded.recordTakeover(draft);
    },
  };
}

/** Ends a run from its stored state alone: its workflow is not needed, and its file may be gone. */
export async function endParkedRun(sink: TurnSink, lease: Lease, end: RunEnd): Promise<void> {
  const loaded = await loadRun(sink.store, lease.runId);
  if (!loaded) return;
  const draft = new TurnDraft(loaded.runState, moment());
  endRun(draft, end);
  await commitTurn(sink, lease, draft);
}

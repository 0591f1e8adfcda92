import type { Approval, Attempt, Frame, NewEvent, Node, Output, Run, RunWake, ToolCall } from "../model/index.ts";

/** The right to advance a run. `leaseNo` is its fencing token: a write with an old token is refused. */
export interface Lease {
  readonly runId: string;
  readonly owner: string;
  readonly leaseNo: number;
}

/** The fields of its run's row that a turn may change. */
export type RunChange = Partial<
  Pick<
    Run,
    | "status"
    | "startedAtMs"
    | "finishedAtMs"
    | keyof RunWake
    | "takenNo"
    | "crashes"
    | "frameNo"
    | "loops"
    | "outputNodeId"
    | "outputIteration"
    | "error"
    | "workflowName"
    | "workflowPath"
    | "workflowHash"
    | "continuedAs"
    | "queuedAtMs"
  >
> & { /** Gives the lease up: the run is parked or has ended. */ release?: boolean };

/** Whether a turn with this status ends its run in a way that an accepted cancellation rules out. */
export const mayBeCancelledInstead = (status: Run["status"] | undefined): boolean =>
  status === "finished" || status === "failed" || status === "continued";

export type AttemptEnd = Pick<Attempt, "nodeId" | "iteration" | "attempt" | "startedAtMs" | "error" | "stack"> & {
  state: Exclude<Attempt["state"], "running">;
  /** False when the attempt has certainly begun no tool call: none need be looked for to end it. */
  calledTools?: boolean;
};

/** The result of a tool call. */
export interface ToolCallEnd
  extends Pick<ToolCall, "nodeId" | "iteration" | "attempt" | "callNo" | "toolName" | "error"> {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** The texts of a frame, and the hash of the first one. */
export type TreeTexts = Pick<Frame, "xmlJson" | "xmlHash" | "mountedTaskIdsJson" | "taskIndexJson">;

/** A rendered tree; equal trees have the same `treeHash`. */
export interface Tree extends TreeTexts {
  readonly treeHash: string;
}

/** A frame to store. */
export interface FrameRecord {
  readonly frameNo: number;
  readonly tree: Tree;
  /** How the tree differs from that of the run's previous frame: a store may keep only this. */
  readonly difference?: TreeDifference;
}

/** The difference of a tree from another. */
export interface TreeDifference {
  /** The `treeHash` of the other tree. */
  readonly baseHash: string;
  /** See `differenceFrom`. */
  readonly json: string;
}

/** The run that continues a run. It has no owner at first. */
export interface Successor {
  readonly run: Run;
  readonly events: readonly NewEvent[];
  /** Whether it has the nodes that are done, and all outputs; otherwise it begins with nothing. */
  readonly carriesOn: boolean;
}

/** The run of a Subflow, without an owner at first. It is recorded unless the Subflow has one; a failed one runs again. */
export interface ChildStart {
  readonly run: Run;
  readonly events: readonly NewEvent[];
  /** Events of a run that had failed. */
  readonly reopenEvents: readonly NewEvent[];
}

/** A Subflow's node. */
export type ChildPlace = Pick<Node, "nodeId" | "iteration">;

/** Everything that one turn of a run writes, in one transaction. */
export interface TurnRecord {
  readonly lease: Lease;
  readonly nowMs: number;
  readonly run: RunChange;
  readonly nodes: readonly Node[];
  readonly startedAttempts: readonly Attempt[];
  readonly endedAttempts: readonly AttemptEnd[];
  readonly endedToolCalls: readonly ToolCallEnd[];
  readonly outputs: readonly Output[];
  readonly approvals: readonly Approval[];
  readonly consumedSignals: readonly { seq: number; nodeId: string; iteration: number }[];
  readonly timers: readonly {
    nodeId: string;
    iteration: number;
    firesAtMs: number;
    state: "pending" | "fired" | "cancelled";
  }[];
  readonly cached: readonly { cacheKey: string; json: string }[];
  readonly frame?: FrameRecord;
  readonly successor?: Successor;
  readonly children?: readonly ChildStart[];
  /** Subflows whose runs must be cancelled. */
  readonly unwantedChildren?: readonly ChildPlace[];
  /** The run whose Subflow this run is, when that run must learn of this one's new status. */
  readonly toldRun?: string;
  readonly events: readonly NewEvent[];
  /** Where the error was thrown that fails the run while it is rendered. For the log: it is not stored. */
  readonly stack?: string;
  /** For observers in the store's process, when the engine is in another: it is not stored. */
  readonly facts?: TurnFacts;
}

/** What an observer of a turn learns in addition to its record. */
export interface TurnFacts {
  /** Decisions that the turn applied. They were stored earlier, perhaps by another process. */
  readonly decisions: readonly Approval[];
  /** How long rendering and planning took, in ms. */
  readonly timing: { readonly renderMs: number; readonly planMs: number };
  /** How many attempts of the run are in flight after the turn. */
  readonly runningAttempts: number;
}

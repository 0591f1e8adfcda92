import type { Approval, Attempt, Frame, NewEvent, Node, Output, Run, ToolCall } from "../model/index.ts";

/** The right to advance a run. `leaseNo` is its fencing token: a write with an old one is refused. */
export interface Lease {
  readonly runId: string;
  readonly owner: string;
  readonly leaseNo: number;
}

/** What a turn may change in its run's row. */
export type RunChange = Partial<
  Pick<
    Run,
    | "status"
    | "startedAtMs"
    | "finishedAtMs"
    | "wakeAtMs"
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
  >
> & { /** Gives the lease up: the run is parked or has ended. */ release?: boolean };

export type AttemptEnd = Pick<Attempt, "nodeId" | "iteration" | "attempt" | "startedAtMs" | "error"> & {
  state: Exclude<Attempt["state"], "running">;
};

/** How a tool call has ended. */
export interface ToolCallEnd
  extends Pick<ToolCall, "nodeId" | "iteration" | "attempt" | "callNo" | "toolName" | "error"> {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** What a frame shows: three texts, and the hash of the first. */
export type TreeTexts = Pick<Frame, "xmlJson" | "xmlHash" | "mountedTaskIdsJson" | "taskIndexJson">;

/** A rendered tree; equal ones have one `treeHash`. */
export interface Tree extends TreeTexts {
  readonly treeHash: string;
}

/** A frame to be stored. */
export interface FrameRecord {
  readonly frameNo: number;
  readonly tree: Tree;
  /** What the run's frame before this one showed, where it is known: a store may keep only the difference from it. */
  readonly before: Tree | undefined;
}

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
  readonly events: readonly NewEvent[];
}

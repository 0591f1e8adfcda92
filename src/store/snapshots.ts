import type { PendingApproval } from "../api/index.ts";
import { maxListedOutputBytes } from "../api/limits.ts";
import type {
  Approval,
  Attempt,
  Frame,
  HealthSignals,
  Node,
  Output,
  Run,
  RunStatus,
  Signal,
  StoredEvent,
  ToolCall,
} from "../model/index.ts";
import type { Lease } from "./turn.ts";

/** A run's row, and the facts about its health that are not in it. */
export interface RunSnapshot {
  readonly run: Run;
  readonly healthSignals: HealthSignals;
}

/** A run, and the output of the task that finished last; undefined while there is none. */
export interface RunOutcome {
  readonly run: Run;
  readonly output: unknown;
}

/** An output as it is read along with others: the JSON of a large one is left out, and `Store.readOutput` reads it. */
export interface ListedOutput extends Omit<Output, "json"> {
  readonly json: string | null;
  /** Size of the JSON, in bytes. */
  readonly bytes: number;
}

/** Outputs with more bytes of JSON are large. */
export const largeOutputBytes = maxListedOutputBytes;

/** Bytes of JSON of all outputs that a run is loaded with. The values of older ones are left out, as if they were large. */
export const maxLoadedBytes = 8_388_608;

/** A run with everything that its detail view shows. */
export interface RunDetailSnapshot extends RunSnapshot {
  /** The output of the task that finished last; undefined while there is none. */
  readonly output: ListedOutput | undefined;
  /** Number of nodes in each state. */
  readonly nodeCounts: Readonly<Record<string, number>>;
}

/** Everything stored about a run that its next turn depends on; an execution starts from it. */
export interface StoredRun {
  readonly run: Run;
  /** In plan order. */
  readonly nodes: readonly Node[];
  /** In the order in which they were stored; see {@link maxLoadedBytes}. */
  readonly outputs: readonly ListedOutput[];
  readonly approvals: readonly Approval[];
  /** Signals that no wait has consumed, oldest first. */
  readonly signals: readonly Signal[];
  /** Recorded attempts that have not ended, or whose process has died. */
  readonly runningAttempts: readonly Pick<Attempt, "nodeId" | "iteration" | "startedAtMs">[];
  /** Hash of the tree in the run's last frame. */
  readonly treeHash: string | undefined;
}

/** The position of a node in its run's list, which is in plan order. */
export type NodePosition = Pick<Node, "ordinal" | "iteration" | "nodeId">;

export interface NodePageQuery {
  /** Maximum number of nodes. */
  readonly limit: number;
  /** Only nodes after this one. */
  readonly after?: NodePosition;
  /** Outputs with more bytes of JSON are left out. */
  readonly maxOutputBytes: number;
}

/** A page of a run's nodes in plan order, with their outputs. */
export interface NodePage {
  readonly run: Run;
  readonly nodes: readonly Node[];
  readonly outputs: readonly Output[];
  /** The outputs that were left out, with their sizes in bytes of JSON. */
  readonly largeOutputs: readonly (Pick<Output, "nodeId" | "iteration"> & { readonly bytes: number })[];
  readonly hasMore: boolean;
}

/** A run with what explains its state to a person, and the first page of its nodes. */
export interface RunOverviewSnapshot extends RunDetailSnapshot, NodePage {
  /** The last frame; undefined while there is none. */
  readonly frame: Frame | undefined;
  /** The pending approvals of the run, oldest first. */
  readonly approvals: readonly PendingApproval[];
}

/** A node in one iteration, with its output, its last 100 attempts and its last 1,000 tool calls. */
export interface NodeSnapshot {
  readonly run: Run;
  readonly node: Node;
  readonly output: ListedOutput | undefined;
  readonly approval: Approval | undefined;
  readonly attempts: readonly Attempt[];
  readonly toolCalls: readonly ToolCall[];
}

export interface RunPage {
  readonly runs: readonly RunSnapshot[];
  /** Pass it as `cursor` to read the next page; absent on the last page. */
  readonly nextCursor?: string;
}

export interface FramePage {
  readonly run: Run;
  readonly frames: readonly Frame[];
  readonly hasMore: boolean;
}

/** The position of an approval in the list of pending ones. */
export type ApprovalPosition = Pick<Approval, "requestedAtMs" | "runId" | "nodeId" | "iteration">;

export interface PendingApprovalsQuery {
  /** The clock's time: an approval that timed out before it can no longer be decided. */
  readonly nowMs: number;
  /** Maximum number of approvals. */
  readonly limit: number;
  /** Only approvals after this one. */
  readonly after?: ApprovalPosition;
  /** Only approvals of this run. */
  readonly runId?: string;
}

/** What has arrived for a run from outside and was not taken in yet. */
export interface Inbox {
  /** This inbox contains everything up to this number. */
  readonly inboxNo: number;
  readonly cancelRequestedAtMs: number | null;
  /** The decided approvals of the run. */
  readonly decisions: readonly Approval[];
  /** Signals that no wait has consumed, oldest first. */
  readonly signals: readonly Signal[];
}

/** The run of a Subflow, as its parent sees it. */
export interface ChildRun extends Pick<Run, "runId" | "status" | "cancelRequestedAtMs" | "error"> {
  /** The parent's node, and its iteration. */
  readonly nodeId: string;
  readonly iteration: number;
}

/** What a run has stored, in JSON: under a schema named `output`, in the order of storing; and by its last task. */
export interface ChildResult {
  readonly named: readonly string[];
  readonly last: string | null;
}

/** A run that may continue, and its workflow's file. */
export type RunToWake = Pick<Run, "runId" | "workflowPath">;

export type ClaimedRun = RunToWake & Pick<Run, "owner" | "leaseNo" | "heartbeatAtMs" | "crashes">;

/** A run that was taken, and its lease. */
export interface TakenRun {
  readonly run: Run;
  readonly lease: Lease;
}

/** The open work in a database, of all processes. Mirrored runs do not count. */
export interface Backlog {
  /** Number of runs that have not ended, by status. */
  readonly runs: Readonly<Partial<Record<RunStatus, number>>>;
  /** Number of `running` runs without a heartbeat since `staleSinceMs`. */
  readonly staleRuns: number;
  /** Number of runs that should have continued and could not be taken. */
  readonly stuckRuns: number;
  /** Number of `running` runs with tasks that wait for a place. */
  readonly queuedRuns: number;
  readonly pendingApprovals: number;
  readonly oldestApprovalAtMs: number | null;
  readonly sizeBytes: number;
  /** Size of the write-ahead log next to the database; 0 where there is none. */
  readonly logBytes: number;
}

/** The changes of a run since its copy was last updated. */
export interface MirrorPage {
  readonly run: Run;
  readonly nodes: readonly Node[];
  readonly approvals: readonly Approval[];
  readonly events: readonly StoredEvent[];
}

/** A run, and the number of its last event. */
export type RunPosition = Pick<Run, "runId" | "lastSeq">;

export interface PrunedBatch {
  readonly runs: number;
  /** Whether there may be more to delete. */
  readonly hasMore: boolean;
}

/** A description of a database for people. */
export interface StoreDescription {
  /** The product: `SQLite`. */
  readonly kind: string;
  /** Name of the database for people: its file, or `in memory`. Never contains a password. */
  readonly name: string;
  /** Number of its last migration. */
  readonly version: number;
  readonly sizeBytes: number;
  /** Settings of this kind of database by name, such as `journal mode`: `wal`. */
  readonly settings: Readonly<Record<string, string>>;
  /**
   * The damage that was found; null when the database is intact. Only present on request, because it requires reading
   * the whole database.
   */
  readonly damage?: string | null;
}

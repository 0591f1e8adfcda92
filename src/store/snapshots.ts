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

/** A run's row, and what that does not say of the run's health. */
export interface RunSnapshot {
  readonly run: Run;
  readonly healthSignals: HealthSignals;
}

/** A run, and the value of the task that it finished last; undefined while there is none. */
export interface RunOutcome {
  readonly run: Run;
  readonly output: unknown;
}

/** A run as it is shown alone. */
export interface RunDetailSnapshot extends RunSnapshot, RunOutcome {
  /** How many of its nodes are in each state. */
  readonly nodeCounts: Readonly<Record<string, number>>;
}

/** What an execution begins from: everything that is stored of a run and that its next turn depends on. */
export interface StoredRun {
  readonly run: Run;
  /** In plan order. */
  readonly nodes: readonly Node[];
  /** In the order in which they were stored. */
  readonly outputs: readonly Output[];
  readonly approvals: readonly Approval[];
  /** Signals that no wait has consumed, oldest first. */
  readonly signals: readonly Signal[];
  /** Attempts that were recorded and have not ended, or ended with their process. */
  readonly runningAttempts: readonly Pick<Attempt, "nodeId" | "iteration" | "startedAtMs">[];
  /** The hash of the tree that the run's last frame shows. */
  readonly treeHash: string | undefined;
}

/** Every node of a run, in plan order, and every output, in the order in which they were stored. */
export interface NodesSnapshot {
  readonly run: Run;
  readonly nodes: readonly Node[];
  readonly outputs: readonly Output[];
}

/** One node in one iteration, with all that is stored of it. */
export interface NodeSnapshot {
  readonly run: Run;
  readonly node: Node;
  readonly output: Output | undefined;
  readonly approval: Approval | undefined;
  readonly attempts: readonly Attempt[];
  readonly toolCalls: readonly ToolCall[];
  /** The events that name the node in this iteration, oldest first. */
  readonly events: readonly StoredEvent[];
}

export interface RunPage {
  readonly runs: readonly RunSnapshot[];
  /** Give it as `cursor` to read the next page; absent on the last one. */
  readonly nextCursor?: string;
}

export interface FramePage {
  readonly run: Run;
  readonly frames: readonly Frame[];
  readonly hasMore: boolean;
}

/** Where a page of the awaited decisions begins. */
export type ApprovalPosition = Pick<Approval, "requestedAtMs" | "runId" | "nodeId" | "iteration">;

export interface PendingApprovalsQuery {
  /** The clock's time: what timed out by then can be decided no more. */
  readonly nowMs: number;
  /** How many at most. */
  readonly limit: number;
  /** Only those after this one. */
  readonly after?: ApprovalPosition;
  /** Only those of this run. */
  readonly runId?: string;
}

/** What has come for a run from outside and was not taken in yet. */
export interface Inbox {
  /** Everything up to this number is in here. */
  readonly inboxNo: number;
  readonly cancelRequestedAtMs: number | null;
  /** Decisions of the run. */
  readonly decisions: readonly Approval[];
  /** Signals that no wait has consumed, oldest first. */
  readonly signals: readonly Signal[];
}

export type ClaimedRun = Pick<Run, "runId" | "owner" | "heartbeatAtMs" | "crashes">;

/** What is open in a database, whichever process executes it. Copies of runs that live elsewhere do not count. */
export interface Backlog {
  /** Runs that have not ended, by their status. */
  readonly runs: Readonly<Partial<Record<RunStatus, number>>>;
  /** Those of them that are `running` and whose owner gave no sign since `staleSinceMs`. */
  readonly staleRuns: number;
  /** Those that should have gone on and could not be taken. */
  readonly stuckRuns: number;
  readonly pendingApprovals: number;
  readonly oldestApprovalAtMs: number | null;
  readonly sizeBytes: number;
}

/** What has happened in a run since its copy was last brought up to date. */
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
  /** Whether there may be more to remove. */
  readonly hasMore: boolean;
}

/** A database as people are told of it. */
export interface StoreDescription {
  /** The product: `SQLite`. */
  readonly kind: string;
  /** What people call this database: its file, or `in memory`. It holds no password. */
  readonly name: string;
  /** The number of its last migration. */
  readonly version: number;
  readonly sizeBytes: number;
  /** Settings of this kind of database, by name, as `journal mode`: `wal`. */
  readonly settings: Readonly<Record<string, string>>;
  /** What is damaged in it; null when it is sound. Only when it was asked for: the whole database is read. */
  readonly damage?: string | null;
}

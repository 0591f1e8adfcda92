import type { ListRunsQuery, PendingApproval } from "../api/index.ts";
import type { SmithersError } from "../errors/index.ts";
import type { CommittedEvent, NewEvent, Node, Run, StoredEvent, WakeFailure } from "../model/index.ts";
import type { Maintenance } from "./maintenance.ts";
import type { MirroredRuns } from "./mirrored-runs.ts";
import type { StoreObserver } from "./observer.ts";
import type {
  BegunToolCall,
  Decision,
  Idempotency,
  NewSignal,
  NewToolCall,
  NodeToRetry,
  ReceivedSignal,
  Reopened,
  RetriedNode,
  SchemaRecord,
  Started,
} from "./requests.ts";
import type {
  Backlog,
  ClaimedRun,
  FramePage,
  Inbox,
  NodeSnapshot,
  NodesSnapshot,
  PendingApprovalsQuery,
  RunDetailSnapshot,
  RunOutcome,
  RunPage,
  RunSnapshot,
  StoreDescription,
  StoredRun,
} from "./snapshots.ts";
import type { Lease, TurnRecord } from "./turn.ts";

/**
 * Durable state. Each write is one transaction, and durable when its promise resolves. Each read is one snapshot of
 * what is committed. Writes that are asked for in one turn of the event loop are applied in that order, and may share
 * a transaction. Arguments and answers are plain data, which `structuredClone` copies.
 *
 * Every method rejects with a `DB_*` code when the database fails.
 */
export interface Store {
  /** Equal for stores of this process that share one database. Of a file, its absolute path. */
  readonly id: string;
  /** Files that tools must neither read nor write. */
  readonly privateFiles: readonly string[];
  /** Why the last write failed, when that was the database's fault and none has succeeded since; or what is damaged. */
  readonly trouble: SmithersError | undefined;
  /** How many writes wait for their transaction. */
  readonly queueDepth: number;
  readonly maintenance: Maintenance;
  readonly mirroredRuns: MirroredRuns;

  // Starting a run

  /**
   * Records a run with its first events; with a key, only once. A turn that is committed before this is written shares
   * its transaction.
   * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
   */
  startOnce(run: Run, events: readonly NewEvent[], idempotency?: Idempotency): Promise<Started>;
  /**
   * The run that a request under this key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  findStarted(idempotency: Idempotency, nowMs: number): Promise<string | undefined>;
  /** Records output schemas, once each, and where the database has views makes those that show their outputs. */
  registerSchemas(schemas: readonly SchemaRecord[]): Promise<void>;

  // Executing a run

  /**
   * Takes a run by compare-and-swap on its fencing token: of several who saw the same `leaseNo`, one wins. Answers
   * undefined to the others, and when the run has ended since.
   */
  takeLease(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Lease | undefined>;
  /** Takes a failed run, as {@link takeLease} does, and makes what failed or was cancelled in it pending again. */
  reopen(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Reopened | undefined>;
  /**
   * Notes why a run could not be taken, for those who look at it; whoever takes it removes the note. Does nothing when
   * somebody has taken the run since `seenLeaseNo` was read.
   */
  noteWakeFailure(runId: string, seenLeaseNo: number, failure: WakeFailure): Promise<void>;
  /** Writes the heartbeat of each lease and returns those that were lost. */
  beat(leases: readonly Lease[], nowMs: number): Promise<Lease[]>;
  /** Whether a lease was not taken away since. */
  holdsLease(lease: Lease): Promise<boolean>;
  /** Everything that is stored of a run and that its next turn depends on. */
  loadRun(runId: string): Promise<StoredRun | undefined>;
  readInbox(runId: string): Promise<Inbox>;
  /**
   * Writes a turn whole, or not at all.
   * @returns its events; or `cancel-pending` when it would end the run in another way than by the cancellation that
   *   was accepted, and nothing was written
   * @throws LEASE_LOST when another lease holder has taken the run since
   */
  commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending">;
  /**
   * Records a tool's call before it is made.
   * @throws LEASE_LOST
   */
  beginToolCall(lease: Lease, call: NewToolCall, nowMs: number): Promise<BegunToolCall>;
  /** The JSON that was cached under `cacheKey`. */
  findCached(cacheKey: string): Promise<string | undefined>;

  // What comes from outside

  /**
   * Asks a run's owner to cancel it. Once this is committed the run can end in no other way.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  requestCancel(runId: string, nowMs: number): Promise<void>;
  /**
   * Records a person's decision, by the clock when it is written. The same decision again changes nothing.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST when a selection does not fit the options
   */
  decide(decision: Decision, nowMs: number): Promise<CommittedEvent[]>;
  /**
   * Keeps a signal until a wait of its run consumes it.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  receiveSignal(signal: NewSignal, nowMs: number): Promise<ReceivedSignal>;
  /**
   * Makes a failed node of a run that nothing executes pending again, with all of its retries, and what the run's
   * failure has cancelled. A failed run runs again, without an owner.
   * @param seenLeaseNo as it was when the caller saw that nothing executes the run
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
   */
  retryNode(node: NodeToRetry, seenLeaseNo: number, nowMs: number): Promise<RetriedNode>;

  // What the background work of an engine asks for

  /** Runs that have an owner, or should have one. */
  claimedRuns(): Promise<ClaimedRun[]>;
  /** Runs for which something has come that was not taken in. */
  runsWithNews(): Promise<string[]>;
  /** Parked runs whose timer, retry or time limit is due. */
  dueRuns(nowMs: number): Promise<string[]>;
  /** When the next parked run is due, after `nowMs`. */
  nextDueMs(nowMs: number): Promise<number | null>;

  // What people see of runs

  findRun(runId: string): Promise<Run | undefined>;
  /** Ids of runs that begin, or else end, with `part`, the newest first, at most `limit`. */
  runIdsLike(part: string, limit: number): Promise<string[]>;
  /** Ids of runs that begin or end with one of the parts, which are all of the same length. */
  runIdsSharing(parts: readonly string[]): Promise<string[]>;
  /**
   * A page of runs, newest first.
   * @throws INVALID_REQUEST when the cursor is not one that this method gave
   */
  listRuns(query: ListRunsQuery): Promise<RunPage>;
  /** These runs, as far as they exist, in no particular order. */
  readRuns(runIds: readonly string[]): Promise<RunSnapshot[]>;
  readRunDetail(runId: string): Promise<RunDetailSnapshot | undefined>;
  readOutcome(runId: string): Promise<RunOutcome | undefined>;
  readNodes(runId: string): Promise<NodesSnapshot | undefined>;
  readNode(runId: string, nodeId: string, iteration: number): Promise<NodeSnapshot | undefined>;
  /** Every node of a run, in plan order, without outputs. */
  nodesOf(runId: string): Promise<Node[]>;
  /** The nodes of a run that wait, the longest waiting first. */
  waitingNodes(runId: string): Promise<Node[]>;
  /** Frames of a run after `afterFrameNo`, oldest first: at least one, at most `limit`, fewer when they are large. */
  readFrames(runId: string, afterFrameNo: number, limit: number): Promise<FramePage | undefined>;
  /** Events of a run after `afterSeq`, oldest first, at most `limit`. */
  eventsAfter(runId: string, afterSeq: number, limit: number): Promise<StoredEvent[]>;
  lastEvent(runId: string): Promise<StoredEvent | undefined>;
  /** Decisions that are awaited, the longest waiting first. Those of copies are left out, unless the run is named. */
  pendingApprovals(query: PendingApprovalsQuery): Promise<PendingApproval[]>;

  // The database as a whole

  /** What is open; a `running` run is stale when its last heartbeat is from before `staleSinceMs`. */
  readBacklog(staleSinceMs: number): Promise<Backlog>;
  /** @throws a `DB_*` code while the database takes no writes, or when what is written now would be lost */
  check(): Promise<void>;
  /** Writes something that changes nothing, to see whether the database takes writes. */
  probe(): Promise<void>;
  /** @param options.integrity whether the whole database is read to see whether it is sound */
  describe(options?: { readonly integrity?: boolean }): Promise<StoreDescription>;
  /**
   * Calls `listener` when another connection has committed something, until the function that is returned is called.
   * It is a hint: commits may be told together, and after a lost connection not at all.
   */
  watch(listener: () => void): () => void;
  /** Waits for writes that were asked for, then closes the connection if it is the store's own. */
  close(): Promise<void>;
}

/** A store whose transactions happen in this process. */
export interface LocalStore extends Store {
  /** Tells one observer of the transactions to come. */
  observe(observer: StoreObserver): void;
}

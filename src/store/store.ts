import type { FramesQuery, ListRunsQuery, PendingApproval } from "../api/index.ts";
import type { SmithersError } from "../errors/index.ts";
import type { CommittedEvent, Moment, NewEvent, Node, Run, StoredEvent, WakeFailure } from "../model/index.ts";
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
  ChildResult,
  ChildRun,
  ClaimedRun,
  FramePage,
  Inbox,
  NodePage,
  NodePageQuery,
  NodeSnapshot,
  PendingApprovalsQuery,
  RunDetailSnapshot,
  RunOutcome,
  RunOverviewSnapshot,
  RunPage,
  RunSnapshot,
  RunToWake,
  StoreDescription,
  StoredRun,
  TakenRun,
} from "./snapshots.ts";
import type { Lease, TurnRecord } from "./turn.ts";

/**
 * Durable state. Each write is one transaction, and durable once its promise resolves. Each read is one snapshot of
 * committed data. Writes requested in the same turn of the event loop are applied in order and may share a transaction.
 * Arguments and results are plain data, which `structuredClone` can copy.
 *
 * Every method rejects with a `DB_*` code when the database fails.
 */
export interface Store {
  /** Equal for stores of this process that share a database. For a file, its absolute path. */
  readonly id: string;
  /** Files that tools must neither read nor write. */
  readonly privateFiles: readonly string[];
  /**
   * Why the last write failed, if the database caused that and none has succeeded since; or the damage that was found.
   */
  readonly trouble: SmithersError | undefined;
  /** Number of writes that wait for their transaction. */
  readonly queueDepth: number;
  readonly maintenance: Maintenance;
  readonly mirroredRuns: MirroredRuns;

  // Starting a run

  /**
   * Records a run with its first events; with an idempotency key, only once. A turn that is committed before this write
   * shares its transaction.
   * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
   */
  startOnce(run: Run, events: readonly NewEvent[], idempotency?: Idempotency): Promise<Started>;
  /**
   * The run that a request with this idempotency key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  findStarted(idempotency: Idempotency, nowMs: number): Promise<string | undefined>;
  /** Records output schemas, once each. A database with views gets a view for each schema's outputs. */
  registerSchemas(schemas: readonly SchemaRecord[]): Promise<void>;

  // Executing a run

  /**
   * Takes a run by compare-and-swap on its fencing token: of several callers that saw the same `leaseNo`, one wins.
   * Returns undefined to the others, and when the run has ended meanwhile.
   */
  takeLease(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Lease | undefined>;
  /** Takes a failed run like {@link takeLease}, and makes its failed and cancelled nodes pending again. */
  reopen(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Reopened | undefined>;
  /**
   * Records why a run could not be taken, to show it with the run; taking the run removes the record. Does nothing when
   * the run was taken after `seenLeaseNo` was read.
   */
  noteWakeFailure(runId: string, seenLeaseNo: number, failure: WakeFailure): Promise<void>;
  /** Writes the heartbeat of each lease and returns the leases that were lost. */
  beat(leases: readonly Lease[], nowMs: number): Promise<Lease[]>;
  /** Whether a lease has not been taken over. */
  holdsLease(lease: Lease): Promise<boolean>;
  /** Everything stored about a run that its next turn depends on. */
  loadRun(runId: string): Promise<StoredRun | undefined>;
  readInbox(runId: string): Promise<Inbox>;
  /**
   * Writes all of a turn, or nothing.
   * @returns the turn's events; or `cancel-pending`, without having written anything, when the turn would end a run for
   *   which a cancellation was accepted in another way
   * @throws LEASE_LOST when another lease holder has taken the run
   */
  commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending">;
  /**
   * Records a tool call before it is made.
   * @throws LEASE_LOST
   */
  beginToolCall(lease: Lease, call: NewToolCall, nowMs: number): Promise<BegunToolCall>;
  /**
   * The runs of a run's Subflows, the oldest first: of a Subflow that has several, the last one that is not cancelled
   * counts. A run that has continued as another one is left out.
   */
  childrenOf(runId: string): Promise<ChildRun[]>;
  readResult(runId: string): Promise<ChildResult>;
  /** The JSON that is cached under `cacheKey`. */
  findCached(cacheKey: string): Promise<string | undefined>;

  // Input from outside

  /**
   * Asks a run's owner to cancel it. Once this is committed, the run can end in no other way.
   * @returns the run as it was before
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  requestCancel(runId: string, nowMs: number): Promise<Run>;
  /**
   * Records a person's decision, at the time of the write. Repeating the same decision changes nothing.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST when a selection does not match the
   *   options
   */
  decide(decision: Decision, nowMs: number): Promise<CommittedEvent[]>;
  /**
   * Stores a signal until a wait of its run consumes it.
   * @param takeFor takes the run for this owner in the same transaction, if it is parked and the database is one that
   *   servers share
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  receiveSignal(signal: NewSignal, nowMs: number, takeFor?: string): Promise<ReceivedSignal>;
  /**
   * Makes a failed node of a run that no process executes pending again, with all of its retries, and also the nodes
   * that the run's failure cancelled. A failed run runs again, without an owner at first.
   * @param seenLeaseNo value at the time when the caller saw that no process executes the run
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
   */
  retryNode(node: NodeToRetry, seenLeaseNo: number, nowMs: number): Promise<RetriedNode>;

  // Background work of an engine

  /** Runs that have an owner, or should have one. */
  claimedRuns(): Promise<ClaimedRun[]>;
  /** Runs for which something has arrived that was not taken in. */
  runsWithNews(): Promise<RunToWake[]>;
  /** Parked runs whose timer, retry or time limit is due, as {@link msUntilRun} judges them; the latest ones last. */
  dueRuns(now: Moment): Promise<RunToWake[]>;
  /** How long until another parked run is due, in ms; null when none will be. */
  msToNextDue(now: Moment): Promise<number | null>;

  // Views of runs for people

  findRun(runId: string): Promise<Run | undefined>;
  /** Ids of runs that start with `part`, or if there are none, end with it; newest first, at most `limit`. */
  runIdsLike(part: string, limit: number): Promise<string[]>;
  /** Ids of runs that start or end with one of the parts, which all have the same length. */
  runIdsSharing(parts: readonly string[]): Promise<string[]>;
  /**
   * A page of runs, newest first.
   * @throws INVALID_REQUEST for an unknown cursor
   */
  listRuns(query: ListRunsQuery): Promise<RunPage>;
  /** Those of these runs that exist, in no particular order. */
  readRuns(runIds: readonly string[]): Promise<RunSnapshot[]>;
  readRunDetail(runId: string): Promise<RunDetailSnapshot | undefined>;
  readOutcome(runId: string): Promise<RunOutcome | undefined>;
  /** Nodes of a run in plan order: at least one, at most the query's limit, fewer when they are large. */
  readNodes(runId: string, query: NodePageQuery): Promise<NodePage | undefined>;
  /**
   * @param query which nodes it has
   * @param nowMs the clock's time: see {@link PendingApprovalsQuery}
   */
  readOverview(runId: string, query: NodePageQuery, nowMs: number): Promise<RunOverviewSnapshot | undefined>;
  /** @param iteration default: the last one */
  readNode(runId: string, nodeId: string, iteration?: number): Promise<NodeSnapshot | undefined>;
  /** The JSON of a node's output, in UTF-8, however large it is; undefined when there is none. */
  readOutput(runId: string, nodeId: string, iteration: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The events of a run that name a node in one iteration, oldest first. */
  eventsOfNode(runId: string, nodeId: string, iteration: number): Promise<StoredEvent[]>;
  /** What a run's agents have reported, oldest first: failures, conversations and token use. */
  agentReports(runId: string): Promise<StoredEvent[]>;
  /** The last prompts that a node's agents were given in one iteration, oldest first, at most `limit`. */
  promptsOf(runId: string, nodeId: string, iteration: number, limit: number): Promise<StoredEvent[]>;
  /** All nodes of a run, in plan order, without outputs. */
  nodesOf(runId: string): Promise<Node[]>;
  /** The waiting nodes of a run, oldest wait first. */
  waitingNodes(runId: string): Promise<Node[]>;
  /** Frames of a run, in the order that is asked for: at least one, at most `limit`, fewer when they are large. */
  readFrames(runId: string, query: FramesQuery): Promise<FramePage | undefined>;
  /** Events of a run after `afterSeq`, oldest first, at most `limit`. */
  eventsAfter(runId: string, afterSeq: number, limit: number): Promise<StoredEvent[]>;
  lastEvent(runId: string): Promise<StoredEvent | undefined>;
  /** Pending approvals, oldest first. Those of mirrored runs are included only when the query names the run. */
  pendingApprovals(query: PendingApprovalsQuery): Promise<PendingApproval[]>;

  // The database as a whole

  /** The open work; a `running` run is stale when its last heartbeat is older than `staleSinceMs`. */
  readBacklog(staleSinceMs: number): Promise<Backlog>;
  /** @throws a `DB_*` code while the database refuses writes, or when new data would be lost */
  check(): Promise<void>;
  /** Changes a value of its own, to test whether the database accepts writes. */
  probe(): Promise<void>;
  /** @param options.integrity whether to read the whole database and check that it is intact */
  describe(options?: { readonly integrity?: boolean }): Promise<StoreDescription>;
  /**
   * Calls `listener` when another connection has committed something, until the returned function is called. This is a
   * hint: one call may stand for several commits, and after a lost connection, calls may be missing. With `runIds`, only
   * these runs have changed.
   */
  watch(listener: (runIds?: readonly string[]) => void): () => void;
  /**
   * Takes runs without an owner that wait for a place, the longest waiting first, at most `limit`. Only a database that
   * servers share has it.
   */
  takeQueued?(owner: string, limit: number, nowMs: number): Promise<TakenRun[]>;
  /** Owners of runs whose server has gone, in a database that notices this. */
  readonly goneOwners?: ReadonlySet<string> | undefined;
  /** Waits for requested writes, then closes the connection if the store opened it. */
  close(): Promise<void>;
}

/** A store whose transactions run in this process. */
export interface LocalStore extends Store {
  /** Sets the one observer of future transactions. */
  observe(observer: StoreObserver): void;
}

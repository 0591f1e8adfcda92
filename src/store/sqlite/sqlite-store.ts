import type { FramesQuery, ListRunsQuery, PendingApproval } from "../../api/index.ts";
import type { SmithersError } from "../../errors/index.ts";
import type { CommittedEvent, Moment, NewEvent, Node, Run, StoredEvent, WakeFailure } from "../../model/index.ts";
import { type Driver, moment } from "../../runtime/index.ts";
import type { StoreObserver } from "../observer.ts";
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
} from "../requests.ts";
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
} from "../snapshots.ts";
import type { LocalStore } from "../store.ts";
import type { Lease, TurnRecord } from "../turn.ts";
import { applyTurn } from "./apply-turn.ts";
import { requestCancel } from "./commands/cancel.ts";
import { decide } from "./commands/decide.ts";
import { reopen } from "./commands/reopen.ts";
import { retryNode } from "./commands/retry.ts";
import { receiveSignal } from "./commands/signal.ts";
import { findStarted, startOnce } from "./commands/start.ts";
import { beginToolCall } from "./commands/tool-call.ts";
import { checkHealth, describe, probe } from "./condition.ts";
import { Connection } from "./connection.ts";
import { SqliteMaintenance } from "./maintenance.ts";
import { SqliteMirroredRuns } from "./mirrored-runs.ts";
import { readBacklog } from "./queries/backlog.ts";
import { childrenOf, readResult } from "./queries/children.ts";
import { agentReports, eventsAfter, eventsOfNode, lastEvent, promptsOf } from "./queries/events.ts";
import { pendingApprovals, readInbox } from "./queries/inbox.ts";
import { beat, holdsLease, noteWakeFailure, takeLease } from "./queries/lease.ts";
import { readNodes } from "./queries/node-pages.ts";
import { findOutputBytes, nodesOf, waitingNodes } from "./queries/nodes.ts";
import {
  claimedRuns,
  dueRuns,
  findRun,
  msToNextDue,
  readRunPage,
  runIdsLike,
  runIdsSharing,
  runsWithNews,
} from "./queries/runs.ts";
import {
  readFrames,
  readNode,
  readOutcome,
  readOverview,
  readRunDetail,
  readRuns,
  readStoredRun,
} from "./queries/snapshots.ts";
import { registerSchema } from "./queries/views.ts";
import { CommitWatch } from "./watch.ts";

/** A store in a SQLite database, over one connection of this process. */
export class SqliteStore implements LocalStore {
  readonly id: string;
  readonly privateFiles: readonly string[];
  readonly maintenance: SqliteMaintenance;
  readonly mirroredRuns: SqliteMirroredRuns;
  readonly #connection: Connection;
  readonly #watch: CommitWatch;
  readonly #schemas = new Set<string>();

  constructor(driver: Driver) {
    this.id = driver.id;
    this.privateFiles = driver.filename === "" ? [] : [driver.filename];
    this.#connection = new Connection(driver);
    this.#watch = new CommitWatch(this.#connection);
    this.maintenance = new SqliteMaintenance(this.#connection);
    this.mirroredRuns = new SqliteMirroredRuns(this.#connection);
  }

  get trouble(): SmithersError | undefined {
    return this.#connection.trouble;
  }

  get queueDepth(): number {
    return this.#connection.queueDepth;
  }

  startOnce(run: Run, events: readonly NewEvent[], idempotency?: Idempotency): Promise<Started> {
    return this.#connection.write((driver) => startOnce(driver, run, events, idempotency));
  }

  findStarted(idempotency: Idempotency, nowMs: number): Promise<string | undefined> {
    return this.#connection.read((driver) => findStarted(driver, idempotency, nowMs));
  }

  async registerSchemas(schemas: readonly SchemaRecord[]): Promise<void> {
    const unknown = schemas.filter(({ key, hash }) => !this.#schemas.has(`${key}\0${hash}`));
    if (unknown.length === 0) return;
    await this.#connection.write((driver) => {
      for (const schema of unknown) registerSchema(driver, schema);
    });
    for (const { key, hash } of unknown) this.#schemas.add(`${key}\0${hash}`);
  }

  takeLease(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Lease | undefined> {
    return this.#connection.write((driver) => takeLease(driver, runId, owner, seenLeaseNo, nowMs));
  }

  reopen(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Reopened | undefined> {
    return this.#connection.write((driver) => reopen(driver, runId, owner, seenLeaseNo, nowMs));
  }

  noteWakeFailure(runId: string, seenLeaseNo: number, failure: WakeFailure): Promise<void> {
    return this.#connection.write((driver) => noteWakeFailure(driver, runId, seenLeaseNo, failure));
  }

  beat(leases: readonly Lease[], nowMs: number): Promise<Lease[]> {
    return this.#connection.write((driver) => beat(driver, leases, nowMs));
  }

  holdsLease(lease: Lease): Promise<boolean> {
    return this.#connection.read((driver) => holdsLease(driver, lease));
  }

  loadRun(runId: string): Promise<StoredRun | undefined> {
    return this.#connection.snapshot((driver) => readStoredRun(driver, runId));
  }

  readInbox(runId: string): Promise<Inbox> {
    return this.#connection.snapshot((driver) => readInbox(driver, runId));
  }

  commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending"> {
    return this.#connection.write((driver) => applyTurn(driver, turn));
  }

  beginToolCall(lease: Lease, call: NewToolCall, nowMs: number): Promise<BegunToolCall> {
    return this.#connection.write((driver) => beginToolCall(driver, lease, call, nowMs));
  }

  childrenOf(runId: string): Promise<ChildRun[]> {
    return this.#connection.read((driver) => childrenOf(driver, runId));
  }

  readResult(runId: string): Promise<ChildResult> {
    return this.#connection.snapshot((driver) => readResult(driver, runId));
  }

  async findCached(cacheKey: string): Promise<string | undefined> {
    const sql = "SELECT json FROM _smithers_cache WHERE cache_key = ?";
    const row = await this.#connection.read((driver) => driver.get<{ json: string }>(sql, cacheKey));
    return row?.json;
  }

  requestCancel(runId: string, nowMs: number): Promise<Run> {
    return this.#connection.write((driver) => requestCancel(driver, runId, nowMs));
  }

  decide(decision: Decision, nowMs: number): Promise<CommittedEvent[]> {
    // Uses the clocks at the time of the write, so that a decision cannot count as in time after its run has found it
    // too late.
    return this.#connection.write((driver) =>
      decide(driver, decision, { ...moment(), nowMs: Math.max(nowMs, Date.now()) }),
    );
  }

  receiveSignal(signal: NewSignal, nowMs: number): Promise<ReceivedSignal> {
    return this.#connection.write((driver) => receiveSignal(driver, signal, nowMs));
  }

  retryNode(node: NodeToRetry, seenLeaseNo: number, nowMs: number): Promise<RetriedNode> {
    return this.#connection.write((driver) => retryNode(driver, node, seenLeaseNo, nowMs));
  }

  claimedRuns(): Promise<ClaimedRun[]> {
    return this.#connection.read(claimedRuns);
  }

  runsWithNews(): Promise<RunToWake[]> {
    return this.#connection.read(runsWithNews);
  }

  dueRuns(now: Moment): Promise<RunToWake[]> {
    return this.#connection.snapshot((driver) => dueRuns(driver, now));
  }

  msToNextDue(now: Moment): Promise<number | null> {
    return this.#connection.snapshot((driver) => msToNextDue(driver, now));
  }

  findRun(runId: string): Promise<Run | undefined> {
    return this.#connection.read((driver) => findRun(driver, runId));
  }

  runIdsLike(part: string, limit: number): Promise<string[]> {
    return this.#connection.read((driver) => runIdsLike(driver, part, limit));
  }

  runIdsSharing(parts: readonly string[]): Promise<string[]> {
    return this.#connection.read((driver) => runIdsSharing(driver, parts));
  }

  listRuns(query: ListRunsQuery): Promise<RunPage> {
    return this.#connection.snapshot((driver) => readRunPage(driver, query));
  }

  readRuns(runIds: readonly string[]): Promise<RunSnapshot[]> {
    return this.#connection.snapshot((driver) => readRuns(driver, runIds));
  }

  readRunDetail(runId: string): Promise<RunDetailSnapshot | undefined> {
    return this.#connection.snapshot((driver) => readRunDetail(driver, runId));
  }

  readOutcome(runId: string): Promise<RunOutcome | undefined> {
    return this.#connection.snapshot((driver) => readOutcome(driver, runId));
  }

  readNodes(runId: string, query: NodePageQuery): Promise<NodePage | undefined> {
    return this.#connection.snapshot((driver) => readNodes(driver, runId, query));
  }

  readOverview(runId: string, query: NodePageQuery, nowMs: number): Promise<RunOverviewSnapshot | undefined> {
    return this.#connection.snapshot((driver) => readOverview(driver, runId, query, nowMs));
  }

  readNode(runId: string, nodeId: string, iteration?: number): Promise<NodeSnapshot | undefined> {
    return this.#connection.snapshot((driver) => readNode(driver, runId, nodeId, iteration));
  }

  readOutput(runId: string, nodeId: string, iteration: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#connection.read((driver) => findOutputBytes(driver, runId, nodeId, iteration));
  }

  eventsOfNode(runId: string, nodeId: string, iteration: number): Promise<StoredEvent[]> {
    return this.#connection.read((driver) => eventsOfNode(driver, runId, nodeId, iteration));
  }

  agentReports(runId: string): Promise<StoredEvent[]> {
    return this.#connection.read((driver) => agentReports(driver, runId));
  }

  promptsOf(runId: string, nodeId: string, iteration: number, limit: number): Promise<StoredEvent[]> {
    return this.#connection.read((driver) => promptsOf(driver, runId, nodeId, iteration, limit));
  }

  nodesOf(runId: string): Promise<Node[]> {
    return this.#connection.read((driver) => nodesOf(driver, runId));
  }

  waitingNodes(runId: string): Promise<Node[]> {
    return this.#connection.read((driver) => waitingNodes(driver, runId));
  }

  readFrames(runId: string, query: FramesQuery): Promise<FramePage | undefined> {
    return this.#connection.snapshot((driver) => readFrames(driver, runId, query));
  }

  eventsAfter(runId: string, afterSeq: number, limit: number): Promise<StoredEvent[]> {
    return this.#connection.read((driver) => eventsAfter(driver, runId, afterSeq, limit));
  }

  lastEvent(runId: string): Promise<StoredEvent | undefined> {
    return this.#connection.read((driver) => lastEvent(driver, runId));
  }

  pendingApprovals(query: PendingApprovalsQuery): Promise<PendingApproval[]> {
    return this.#connection.read((driver) => pendingApprovals(driver, query, moment()));
  }

  readBacklog(staleSinceMs: number): Promise<Backlog> {
    return this.#connection.snapshot((driver) => readBacklog(driver, staleSinceMs));
  }

  check(): Promise<void> {
    return checkHealth(this.#connection);
  }

  probe(): Promise<void> {
    return probe(this.#connection);
  }

  describe({ integrity = false }: { readonly integrity?: boolean } = {}): Promise<StoreDescription> {
    return describe(this.#connection, integrity);
  }

  watch(listener: () => void): () => void {
    return this.#watch.watch(listener);
  }

  observe(observer: StoreObserver): void {
    this.#connection.observe(observer);
  }

  close(): Promise<void> {
    this.#watch.stop();
    return this.#connection.close();
  }
}

import type { ListRunsQuery, PendingApproval } from "../../api/index.ts";
import type {
  Approval,
  Attempt,
  CommittedEvent,
  HealthSignals,
  NewEvent,
  Node,
  Output,
  Run,
  StoredEvent,
  ToolCall,
} from "../../model/index.ts";
import { applyTurn, type TurnRecord } from "./apply-turn.ts";
import { type Decision, decide } from "./commands/decide.ts";
import { type Reopened, reopen } from "./commands/reopen.ts";
import { type NodeToRetry, type RetriedNode, retryNode } from "./commands/retry.ts";
import { type NewSignal, type ReceivedSignal, receiveSignal } from "./commands/signal.ts";
import { findStarted, type Idempotency, type Started, startOnce } from "./commands/start.ts";
import { type BegunToolCall, beginToolCall, type NewToolCall, toolCallsOf } from "./commands/tool-call.ts";
import { Connection } from "./connection.ts";
import { Maintenance } from "./maintenance.ts";
import { MirroredRuns } from "./mirrored-runs.ts";
import { type Backlog, readBacklog } from "./queries/backlog.ts";
import { eventsAfter, lastEvent } from "./queries/events.ts";
import { type FramePage, framesAfter, lastTreeHash } from "./queries/frames.ts";
import { healthSignals } from "./queries/health-signals.ts";
import { type ApprovalPosition, approvalsOf, type Inbox, pendingApprovals, readInbox } from "./queries/inbox.ts";
import { beat, holdsLease, type Lease, takeLease } from "./queries/lease.ts";
import {
  countNodes,
  findNode,
  findOutput,
  nodesOf,
  outputsOf,
  runningAttempts,
  waitingNodes,
} from "./queries/nodes.ts";
import {
  type ClaimedRun,
  claimedRuns,
  dueRuns,
  findRun,
  nextDueMs,
  type RunPage,
  readRunPage,
  requestCancel,
  runIdsLike,
  runsWithNews,
} from "./queries/runs.ts";
import { registerSchema, type SchemaRecord } from "./queries/views.ts";

/**
 * Durable state. Each write is one transaction, durable when its promise resolves; reads see what is
 * committed. Every method rejects with a `DB_*` code when the database fails.
 */
export class Store extends Connection {
  readonly maintenance = new Maintenance(this);
  readonly mirroredRuns = new MirroredRuns(this);
  readonly #schemas = new Set<string>();

  /**
   * Records a run; with a key, only once.
   * @param firstTurn asked when the row is written: what the run's first turn is to write, if that is known
   * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
   */
  startOnce(
    run: Run,
    events: readonly NewEvent[],
    idempotency: Idempotency | undefined,
    firstTurn: () => TurnRecord | undefined,
  ): Promise<Started> {
    return this.write((driver) => startOnce(driver, run, events, idempotency, firstTurn()));
  }

  /**
   * The run that a request under this key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  findStarted(idempotency: Idempotency, nowMs: number): Promise<string | undefined> {
    return this.read((driver) => findStarted(driver, idempotency, nowMs));
  }

  /** @throws LEASE_LOST, or {@link CancelPending} */
  commitTurn(turn: TurnRecord): Promise<CommittedEvent[]> {
    return this.write((driver) => applyTurn(driver, turn));
  }

  /**
   * Records a tool's call before it is made.
   * @throws LEASE_LOST
   */
  beginToolCall(lease: Lease, call: NewToolCall, nowMs: number): Promise<BegunToolCall> {
    return this.write((driver) => beginToolCall(driver, lease, call, nowMs));
  }

  toolCallsOf(runId: string): Promise<ToolCall[]> {
    return this.read((driver) => toolCallsOf(driver, runId));
  }

  /** Takes a run that nobody has taken since `seenLeaseNo` was read; nothing when somebody has. */
  takeLease(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Lease | undefined> {
    return this.write((driver) => takeLease(driver, runId, owner, seenLeaseNo, nowMs));
  }

  /** Takes a failed run, as {@link takeLease} does, and makes it run again. */
  reopen(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Reopened | undefined> {
    return this.write((driver) => reopen(driver, runId, owner, seenLeaseNo, nowMs));
  }

  /**
   * Makes a failed node ready to be done anew; see {@link retryNode}.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
   */
  retryNode(node: NodeToRetry, seenLeaseNo: number, nowMs: number): Promise<RetriedNode> {
    return this.write((driver) => retryNode(driver, node, seenLeaseNo, nowMs));
  }

  /** Writes the heartbeat of each lease and returns those that were lost. */
  beat(leases: readonly Lease[], nowMs: number): Promise<Lease[]> {
    return this.write((driver) => beat(driver, leases, nowMs));
  }

  /** Whether a lease was not taken away since. */
  holdsLease(lease: Lease): Promise<boolean> {
    return this.read((driver) => holdsLease(driver, lease));
  }

  /** Makes the views of these output schemas, once each. */
  async registerSchemas(schemas: readonly SchemaRecord[]): Promise<void> {
    const unknown = schemas.filter(({ key, hash }) => !this.#schemas.has(`${key}\0${hash}`));
    if (unknown.length === 0) return;
    await this.write((driver) => {
      for (const schema of unknown) registerSchema(driver, schema);
    });
    for (const { key, hash } of unknown) this.#schemas.add(`${key}\0${hash}`);
  }

  findRun(runId: string): Promise<Run | undefined> {
    return this.read((driver) => findRun(driver, runId));
  }

  /** Ids of runs that begin, or else end, with `part`, the newest first, at most `limit`. */
  runIdsLike(part: string, limit: number): Promise<string[]> {
    return this.read((driver) => runIdsLike(driver, part, limit));
  }

  /** What is open in the whole database; a `running` run is stale when its last heartbeat is from before `staleSinceMs`. */
  readBacklog(staleSinceMs: number): Promise<Backlog> {
    return this.read((driver) => readBacklog(driver, staleSinceMs));
  }

  listRuns(query: ListRunsQuery): Promise<RunPage> {
    return this.read((driver) => readRunPage(driver, query));
  }

  nodesOf(runId: string): Promise<Node[]> {
    return this.read((driver) => nodesOf(driver, runId));
  }

  findNode(runId: string, nodeId: string, iteration: number): Promise<Node | undefined> {
    return this.read((driver) => findNode(driver, runId, nodeId, iteration));
  }

  /** The nodes of a run that wait, the longest waiting first. */
  waitingNodes(runId: string): Promise<Node[]> {
    return this.read((driver) => waitingNodes(driver, runId));
  }

  /** Attempts that were recorded and have not ended, or ended with their process. */
  runningAttempts(runId: string): Promise<Pick<Attempt, "nodeId" | "iteration" | "startedAtMs">[]> {
    return this.read((driver) => runningAttempts(driver, runId));
  }

  /** What a run's row does not say of how it stands. */
  healthSignals(run: Run): Promise<HealthSignals> {
    return this.read((driver) => healthSignals(driver, run));
  }

  countNodes(runId: string): Promise<Record<string, number>> {
    return this.read((driver) => countNodes(driver, runId));
  }

  outputsOf(runId: string): Promise<Output[]> {
    return this.read((driver) => outputsOf(driver, runId));
  }

  findOutput(runId: string, nodeId: string, iteration: number): Promise<Output | undefined> {
    return this.read((driver) => findOutput(driver, runId, nodeId, iteration));
  }

  /** The value of the task that a run finished last. */
  async lastOutput({ runId, outputNodeId, outputIteration }: Run): Promise<unknown> {
    if (outputNodeId === null || outputIteration === null) return undefined;
    const output = await this.findOutput(runId, outputNodeId, outputIteration);
    return output && JSON.parse(output.json);
  }

  /** Events of a run after `afterSeq`, oldest first, at most `limit`. */
  eventsAfter(runId: string, afterSeq: number, limit: number): Promise<StoredEvent[]> {
    return this.read((driver) => eventsAfter(driver, runId, afterSeq, limit));
  }

  lastEvent(runId: string): Promise<StoredEvent | undefined> {
    return this.read((driver) => lastEvent(driver, runId));
  }

  approvalsOf(runId: string): Promise<Approval[]> {
    return this.read((driver) => approvalsOf(driver, runId));
  }

  /** Frames of a run after `afterFrameNo`, oldest first, at most `limit`. */
  framesAfter(runId: string, afterFrameNo: number, limit: number): Promise<FramePage> {
    return this.read((driver) => framesAfter(driver, runId, afterFrameNo, limit));
  }

  /** The hash of the tree that a run's last frame shows. */
  lastTreeHash(runId: string): Promise<string | undefined> {
    return this.read((driver) => lastTreeHash(driver, runId));
  }

  /**
   * Asks a run's owner to cancel it.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  requestCancel(runId: string, nowMs: number): Promise<void> {
    return this.write((driver) => requestCancel(driver, runId, nowMs));
  }

  /**
   * Records a person's decision; see {@link decide}.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST
   */
  decide(decision: Decision, nowMs: number): Promise<CommittedEvent[]> {
    // By the clock when it is written: no decision is in time that its run may have found too late already.
    return this.write((driver) => decide(driver, decision, Math.max(nowMs, Date.now())));
  }

  /**
   * Keeps a signal until a wait consumes it.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  receiveSignal(signal: NewSignal, nowMs: number): Promise<ReceivedSignal> {
    return this.write((driver) => receiveSignal(driver, signal, nowMs));
  }

  /** Decisions that are awaited, the longest waiting first. */
  pendingApprovals(limit: number, after?: ApprovalPosition): Promise<PendingApproval[]> {
    return this.read((driver) => pendingApprovals(driver, limit, after));
  }

  /** Parked runs for which something happens by itself now. */
  dueRuns(nowMs: number): Promise<string[]> {
    return this.read((driver) => dueRuns(driver, nowMs));
  }

  /** When something happens by itself next, after `nowMs`, for a parked run. */
  nextDueMs(nowMs: number): Promise<number | null> {
    return this.read((driver) => nextDueMs(driver, nowMs));
  }

  /** Runs for which something has come that nobody has taken in. */
  runsWithNews(): Promise<string[]> {
    return this.read(runsWithNews);
  }

  /** Runs that have an owner, or should have one. */
  claimedRuns(): Promise<ClaimedRun[]> {
    return this.read(claimedRuns);
  }

  readInbox(runId: string): Promise<Inbox> {
    return this.read((driver) => readInbox(driver, runId));
  }

  /** The JSON that was cached under `cacheKey`. */
  async findCached(cacheKey: string): Promise<string | undefined> {
    const row = await this.read((driver) =>
      driver.get<{ json: string }>("SELECT json FROM _smithers_cache WHERE cache_key = ?", cacheKey),
    );
    return row?.json;
  }
}

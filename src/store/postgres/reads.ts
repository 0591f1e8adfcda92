import type { FramesQuery, ListRunsQuery, PendingApproval } from "../../api/index.ts";
import type { Moment, Node, Run, StoredEvent } from "../../model/index.ts";
import { moment } from "../../runtime/index.ts";
import type { Idempotency } from "../requests.ts";
import { judgeStart, type KeyRow } from "../rules/start.ts";
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
  StoredRun,
} from "../snapshots.ts";
import type { Lease } from "../turn.ts";
import type { Database } from "./database.ts";
import { selectChildren, selectResult } from "./queries/children.ts";
import {
  selectAgentReports,
  selectEvents,
  selectEventsOfNode,
  selectLastEvent,
  selectPrompts,
} from "./queries/events.ts";
import { selectFrames } from "./queries/frames.ts";
import { selectInbox, selectPendingApprovals } from "./queries/inbox.ts";
import {
  selectBacklog,
  selectClaimedRuns,
  selectDueRuns,
  selectIdsLike,
  selectIdsSharing,
  selectMsToNextDue,
  selectRun,
  selectRunPage,
  selectRuns,
  selectRunsWithNews,
} from "./queries/runs.ts";
import {
  selectNode,
  selectNodes,
  selectNodesOf,
  selectOutcome,
  selectOutput,
  selectOverview,
  selectRunDetail,
  selectStoredRun,
  selectWaitingNodes,
} from "./queries/snapshots.ts";

/** The reads of a store. What must be of one moment is read by one statement. */
export class PostgresReads {
  protected readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async findStarted(idempotency: Idempotency, nowMs: number): Promise<string | undefined> {
    const row = await this.database.read<KeyRow>(
      `SELECT json_build_object('runId', run_id, 'bodyHash', body_hash, 'createdAtMs', created_at_ms)::text
       FROM _smithers_idempotency WHERE key = $1::text`,
      idempotency.key,
    );
    return judgeStart(row, idempotency, nowMs);
  }

  async holdsLease({ runId, owner, leaseNo }: Lease): Promise<boolean> {
    const sql = `SELECT 'held' FROM _smithers_runs WHERE run_id = $1::text AND lease_no = $2::text::bigint AND owner = $3::text`;
    return (await this.database.texts(sql, runId, leaseNo, owner)).length === 1;
  }

  loadRun(runId: string): Promise<StoredRun | undefined> {
    return selectStoredRun(this.database, runId);
  }

  readInbox(runId: string): Promise<Inbox> {
    return selectInbox(this.database, runId);
  }

  childrenOf(runId: string): Promise<ChildRun[]> {
    return selectChildren(this.database, runId);
  }

  readResult(runId: string): Promise<ChildResult> {
    return selectResult(this.database, runId);
  }

  async findCached(cacheKey: string): Promise<string | undefined> {
    const [json] = await this.database.texts("SELECT json FROM _smithers_cache WHERE cache_key = $1::text", cacheKey);
    return json ?? undefined;
  }

  claimedRuns(): Promise<ClaimedRun[]> {
    return selectClaimedRuns(this.database);
  }

  runsWithNews(): Promise<RunToWake[]> {
    return selectRunsWithNews(this.database);
  }

  dueRuns(now: Moment): Promise<RunToWake[]> {
    return selectDueRuns(this.database, now);
  }

  msToNextDue(now: Moment): Promise<number | null> {
    return selectMsToNextDue(this.database, now);
  }

  findRun(runId: string): Promise<Run | undefined> {
    return selectRun(this.database, runId);
  }

  runIdsLike(part: string, limit: number): Promise<string[]> {
    return selectIdsLike(this.database, part, limit);
  }

  runIdsSharing(parts: readonly string[]): Promise<string[]> {
    return selectIdsSharing(this.database, parts);
  }

  listRuns(query: ListRunsQuery): Promise<RunPage> {
    return selectRunPage(this.database, query);
  }

  readRuns(runIds: readonly string[]): Promise<RunSnapshot[]> {
    return selectRuns(this.database, runIds);
  }

  readRunDetail(runId: string): Promise<RunDetailSnapshot | undefined> {
    return selectRunDetail(this.database, runId);
  }

  readOutcome(runId: string): Promise<RunOutcome | undefined> {
    return selectOutcome(this.database, runId);
  }

  readNodes(runId: string, query: NodePageQuery): Promise<NodePage | undefined> {
    return selectNodes(this.database, runId, query);
  }

  readOverview(runId: string, query: NodePageQuery, nowMs: number): Promise<RunOverviewSnapshot | undefined> {
    return selectOverview(this.database, runId, query, { ...moment(), nowMs });
  }

  readNode(runId: string, nodeId: string, iteration?: number): Promise<NodeSnapshot | undefined> {
    return selectNode(this.database, runId, nodeId, iteration);
  }

  readOutput(runId: string, nodeId: string, iteration: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return selectOutput(this.database, runId, nodeId, iteration);
  }

  nodesOf(runId: string): Promise<Node[]> {
    return selectNodesOf(this.database, runId);
  }

  waitingNodes(runId: string): Promise<Node[]> {
    return selectWaitingNodes(this.database, runId);
  }

  readFrames(runId: string, query: FramesQuery): Promise<FramePage | undefined> {
    return selectFrames(this.database, runId, query);
  }

  eventsAfter(runId: string, afterSeq: number, limit: number): Promise<StoredEvent[]> {
    return selectEvents(this.database, runId, afterSeq, limit);
  }

  eventsOfNode(runId: string, nodeId: string, iteration: number): Promise<StoredEvent[]> {
    return selectEventsOfNode(this.database, runId, nodeId, iteration);
  }

  agentReports(runId: string): Promise<StoredEvent[]> {
    return selectAgentReports(this.database, runId);
  }

  promptsOf(runId: string, nodeId: string, iteration: number, limit: number): Promise<StoredEvent[]> {
    return selectPrompts(this.database, runId, nodeId, iteration, limit);
  }

  lastEvent(runId: string): Promise<StoredEvent | undefined> {
    return selectLastEvent(this.database, runId);
  }

  pendingApprovals(query: PendingApprovalsQuery): Promise<PendingApproval[]> {
    return selectPendingApprovals(this.database, query, moment());
  }

  readBacklog(staleSinceMs: number): Promise<Backlog> {
    return selectBacklog(this.database, staleSinceMs);
  }
}

import type { PendingApproval } from "../../../api/index.ts";
import type { Approval, Moment, Node, Run } from "../../../model/index.ts";
import type { DecisionRows } from "../../rules/decision.ts";
import type { RetryRows } from "../../rules/retry.ts";
import type { SignalRows } from "../../rules/signal.ts";
import type { Inbox, PendingApprovalsQuery } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Database, Value } from "../database.ts";
import { decodeAll, decodeOne, type JsonRow, ofRun, rowsAsJson, runJson } from "./select.ts";

/** Signals that no wait has consumed, oldest first. */
export const pendingSignalsJson = ofRun(tables.signals, "AND consumed_by IS NULL ORDER BY seq");

export async function selectInbox(database: Database, runId: string): Promise<Inbox> {
  const found = await database.one<{
    inboxNo: number | null;
    cancelRequestedAtMs: number | null;
    decisions: JsonRow[];
    signals: JsonRow[];
  }>(
    `SELECT json_build_object(
      'inboxNo', (SELECT inbox_no FROM _smithers_runs WHERE run_id = $1::text),
      'cancelRequestedAtMs', (SELECT cancel_requested_at_ms FROM _smithers_runs WHERE run_id = $1::text),
      'decisions', ${ofRun(tables.approvals, "AND status IN ('granted', 'denied')")},
      'signals', ${pendingSignalsJson})::text`,
    runId,
  );
  return {
    inboxNo: found.inboxNo ?? 0,
    cancelRequestedAtMs: found.cancelRequestedAtMs,
    decisions: decodeAll(tables.approvals, found.decisions),
    signals: decodeAll(tables.signals, found.signals),
  };
}

/** Limits the approvals or nodes of a run to the node id in the second parameter, in the order of iterations. */
const named = "AND node_id = $2::text ORDER BY iteration";

export async function decisionRows(database: Database, runId: string, nodeId: string): Promise<DecisionRows> {
  const found = await database.one<{ run: JsonRow | null; approvals: JsonRow[]; nodes: JsonRow[] }>(
    `SELECT json_build_object('run', ${runJson}, 'approvals', ${ofRun(tables.approvals, named)}, 'nodes', ${ofRun(tables.nodes, named)})::text`,
    runId,
    nodeId,
  );
  return {
    run: decodeOne<Run>(tables.runs, found.run),
    approvals: decodeAll<Approval>(tables.approvals, found.approvals),
    nodes: decodeAll<Node>(tables.nodes, found.nodes),
  };
}

export async function retryRows(database: Database, runId: string, nodeId: string): Promise<RetryRows> {
  const found = await database.one<{ run: JsonRow | null; nodes: JsonRow[] }>(
    `SELECT json_build_object('run', ${runJson}, 'nodes', ${ofRun(tables.nodes, named)})::text`,
    runId,
    nodeId,
  );
  return { run: decodeOne<Run>(tables.runs, found.run), nodes: decodeAll<Node>(tables.nodes, found.nodes) };
}

export async function signalRows(database: Database, runId: string): Promise<SignalRows> {
  const found = await database.one<{ run: JsonRow | null; lastSeq: number }>(
    `SELECT json_build_object('run', ${runJson},
      'lastSeq', (SELECT coalesce(max(seq), 0) FROM _smithers_signals WHERE run_id = $1::text))::text`,
    runId,
  );
  return { run: decodeOne<Run>(tables.runs, found.run), lastSeq: found.lastSeq };
}

const approvalColumns = tables.approvals.select.replaceAll(/(\w+) AS/g, "a.$1 AS");

/**
 * The pending approvals that can still be decided, as JSON.
 * @param more further conditions on the approvals `a` and their runs `r`
 * @param params which parameters are the moment
 */
export function pendingApprovalsJson(more: string, params: Record<keyof Moment, string>, limit = "ALL"): string {
  return rowsAsJson(`SELECT ${approvalColumns}, r.workflow_name AS "workflowName", r.status AS "runStatus"
    FROM _smithers_approvals a JOIN _smithers_runs r ON r.run_id = a.run_id
    WHERE a.status = 'requested' AND ${more} AND NOT EXISTS (
      SELECT 1 FROM _smithers_nodes n WHERE n.run_id = a.run_id AND n.node_id = a.node_id AND n.iteration = a.iteration
        AND CASE WHEN n.wake_steady_clock = ${params.steadyClock} THEN n.wake_steady_ms <= ${params.steadyMs}
          ELSE n.wake_at_ms <= ${params.nowMs} END)
    ORDER BY a.requested_at_ms, a.run_id, a.node_id, a.iteration LIMIT ${limit}`);
}

export const decodePending = (rows: readonly JsonRow[]) =>
  rows.map((row) => tables.approvals.decode(row) as PendingApproval);

/** See `Store.pendingApprovals`. */
export async function selectPendingApprovals(
  database: Database,
  { limit, after, runId, nowMs }: PendingApprovalsQuery,
  { steadyMs, steadyClock }: Moment,
): Promise<PendingApproval[]> {
  const params: Value[] = [nowMs, steadyMs, steadyClock, limit];
  const add = (value: Value) => `$${params.push(value)}::text`;
  // Approvals of mirrored runs are listed by their own database, unless the caller names the run.
  const conditions = [runId === undefined ? "r.home IS NULL" : `a.run_id = ${add(runId)}`];
  if (after) {
    conditions.push(
      `(a.requested_at_ms, a.run_id, a.node_id, a.iteration) >
       (${add(after.requestedAtMs)}::bigint, ${add(after.runId)}, ${add(after.nodeId)}, ${add(after.iteration)}::bigint)`,
    );
  }
  const moment = { nowMs: "$1::text::bigint", steadyMs: "$2::text::float8", steadyClock: "$3::text" };
  const found = pendingApprovalsJson(conditions.join(" AND "), moment, "$4::text::bigint");
  return decodePending(await database.one<JsonRow[]>(`SELECT ${found}::text`, ...params));
}

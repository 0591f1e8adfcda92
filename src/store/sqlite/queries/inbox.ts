import type { PendingApproval } from "../../../api/index.ts";
import type { Approval, Moment, Signal } from "../../../model/index.ts";
import type { Driver, SqlValue } from "../../../runtime/index.ts";
import type { Inbox, PendingApprovalsQuery } from "../../snapshots.ts";
import { approvals, signals } from "../tables.ts";

export function readInbox(driver: Driver, runId: string): Inbox {
  const run = driver.get<{ inboxNo: number; cancelRequestedAtMs: number | null }>(
    "SELECT inbox_no AS inboxNo, cancel_requested_at_ms AS cancelRequestedAtMs FROM _smithers_runs WHERE run_id = ?",
    runId,
  );
  return {
    inboxNo: run?.inboxNo ?? 0,
    cancelRequestedAtMs: run?.cancelRequestedAtMs ?? null,
    decisions: decided(driver, runId),
    signals: pendingSignals(driver, runId),
  };
}

export function approvalsOf(driver: Driver, runId: string): Approval[] {
  return approvalsWhere(driver, "", runId);
}

/** The approvals of a run with one node id, by iteration. */
export function approvalsNamed(driver: Driver, runId: string, nodeId: string): Approval[] {
  return approvalsWhere(driver, "AND node_id = ? ORDER BY iteration", runId, nodeId);
}

function decided(driver: Driver, runId: string): Approval[] {
  return approvalsWhere(driver, "AND status IN ('granted', 'denied')", runId);
}

function approvalsWhere(driver: Driver, more: string, ...params: SqlValue[]): Approval[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${approvals.select} FROM _smithers_approvals WHERE run_id = ? ${more}`,
      ...params,
    )
    .map((row) => approvals.decode(row));
}

export function pendingSignals(driver: Driver, runId: string): Signal[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${signals.select} FROM _smithers_signals WHERE run_id = ? AND consumed_by IS NULL ORDER BY seq`,
      runId,
    )
    .map((row) => signals.decode(row));
}

/** See `Store.pendingApprovals`. */
export function pendingApprovals(
  driver: Driver,
  { limit, after, runId, nowMs }: PendingApprovalsQuery,
  { steadyMs, steadyClock }: Moment,
): PendingApproval[] {
  const isCopy = "SELECT home IS NOT NULL FROM _smithers_runs r WHERE r.run_id = _smithers_approvals.run_id";
  const order = "requested_at_ms, run_id, node_id, iteration";
  // Approvals of mirrored runs are listed by their own database, unless the caller names the run.
  const hasTimedOut = `SELECT 1 FROM _smithers_nodes n WHERE n.run_id = _smithers_approvals.run_id
    AND n.node_id = _smithers_approvals.node_id AND n.iteration = _smithers_approvals.iteration
    AND CASE WHEN n.wake_steady_clock = ? THEN n.wake_steady_ms <= ? ELSE n.wake_at_ms <= ? END`;
  const conditions = [`NOT EXISTS (${hasTimedOut})`, runId === undefined ? `NOT (${isCopy})` : "run_id = ?"];
  const params: SqlValue[] = [steadyClock, steadyMs, nowMs];
  if (runId !== undefined) params.push(runId);
  if (after) {
    conditions.push(`(${order}) > (?, ?, ?, ?)`);
    params.push(after.requestedAtMs, after.runId, after.nodeId, after.iteration);
  }
  return driver
    .all<Record<string, unknown>>(
      `SELECT a.*, r.workflow_name AS workflowName, r.status AS runStatus
       FROM (SELECT ${approvals.select} FROM _smithers_approvals
             WHERE status = 'requested' AND ${conditions.join(" AND ")} ORDER BY ${order} LIMIT ?) a
       JOIN _smithers_runs r ON r.run_id = a.runId ORDER BY a.requestedAtMs, a.runId, a.nodeId, a.iteration`,
      ...params,
      limit,
    )
    .map((row) => approvals.decode(row) as PendingApproval);
}

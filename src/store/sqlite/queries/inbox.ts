import type { PendingApproval } from "../../../api/index.ts";
import type { Approval, Signal } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import { approvals, signals } from "../tables.ts";

/** What has come for a run from outside and was not taken in yet. */
export interface Inbox {
  /** Everything up to this number is in here. */
  inboxNo: number;
  cancelRequestedAtMs: number | null;
  /** Decisions on nodes that still wait for them. */
  decisions: Approval[];
  /** Signals that no wait has consumed, oldest first. */
  signals: Signal[];
}

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

export function approvalsOf(driver: Driver, runId: string, condition = ""): Approval[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${approvals.select} FROM _smithers_approvals WHERE run_id = ? ${condition}`,
      runId,
    )
    .map((row) => approvals.decode(row));
}

function decided(driver: Driver, runId: string): Approval[] {
  return approvalsOf(driver, runId, "AND status IN ('granted', 'denied')");
}

export function pendingSignals(driver: Driver, runId: string): Signal[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${signals.select} FROM _smithers_signals WHERE run_id = ? AND consumed_by IS NULL ORDER BY seq`,
      runId,
    )
    .map((row) => signals.decode(row));
}

/** Where a page of the listing begins. */
export type ApprovalPosition = Pick<Approval, "requestedAtMs" | "runId" | "nodeId" | "iteration">;

/** The longest waiting first, from after `after` on. Those of copied runs are left out: they are asked for where the run lives. */
export function pendingApprovals(driver: Driver, limit: number, after?: ApprovalPosition): PendingApproval[] {
  const isCopy = "SELECT home IS NOT NULL FROM _smithers_runs r WHERE r.run_id = _smithers_approvals.run_id";
  const order = "requested_at_ms, run_id, node_id, iteration";
  const isAfter = after ? `AND (${order}) > (?, ?, ?, ?)` : "";
  const position = after ? [after.requestedAtMs, after.runId, after.nodeId, after.iteration] : [];
  return driver
    .all<Record<string, unknown>>(
      `SELECT a.*, r.workflow_name AS workflowName, r.status AS runStatus
       FROM (SELECT ${approvals.select} FROM _smithers_approvals
             WHERE status = 'requested' AND NOT (${isCopy}) ${isAfter} ORDER BY ${order} LIMIT ?) a
       JOIN _smithers_runs r ON r.run_id = a.runId ORDER BY a.requestedAtMs, a.runId, a.nodeId, a.iteration`,
      ...position,
      limit,
    )
    .map((row) => approvals.decode(row) as PendingApproval);
}

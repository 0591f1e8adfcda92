import type { RunStatus } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { Backlog } from "../../snapshots.ts";
import { logBytesOf } from "../files.ts";
import { oneRow } from "../one-row.ts";

export function readBacklog(driver: Driver, staleSinceMs: number): Backlog {
  const unfinished = "FROM _smithers_runs WHERE finished_at_ms IS NULL AND home IS NULL";
  const runs = driver.all<{ status: RunStatus; count: number }>(
    `SELECT status, count(*) AS count ${unfinished} GROUP BY status`,
  );
  const stale = oneRow<{ count: number }>(
    driver,
    `SELECT count(*) AS count ${unfinished} AND status = 'running' AND coalesce(heartbeat_at_ms, created_at_ms) < ?`,
    staleSinceMs,
  );
  const stuck = oneRow<{ count: number }>(
    driver,
    `SELECT count(*) AS count ${unfinished} AND wake_failure_json IS NOT NULL`,
  );
  const queued = oneRow<{ count: number }>(
    driver,
    `SELECT count(*) AS count ${unfinished} AND queued_at_ms IS NOT NULL`,
  );
  const approvals = oneRow<{ count: number; oldest: number | null }>(
    driver,
    `SELECT count(*) AS count, min(requested_at_ms) AS oldest FROM _smithers_approvals a WHERE status = 'requested'
     AND EXISTS (SELECT 1 FROM _smithers_runs r WHERE r.run_id = a.run_id AND r.home IS NULL)`,
  );
  const pages = oneRow<{ page_count: number }>(driver, "PRAGMA page_count").page_count;
  const pageBytes = oneRow<{ page_size: number }>(driver, "PRAGMA page_size").page_size;
  return {
    runs: Object.fromEntries(runs.map(({ status, count }) => [status, count])),
    staleRuns: stale.count,
    stuckRuns: stuck.count,
    queuedRuns: queued.count,
    pendingApprovals: approvals.count,
    oldestApprovalAtMs: approvals.oldest,
    sizeBytes: pages * pageBytes,
    logBytes: logBytesOf(driver.filename),
  };
}

import type { Driver } from "../../../runtime/index.ts";
import type { Reopened } from "../../requests.ts";
import { takeLease } from "../queries/lease.ts";
import { reopenNodes } from "../queries/nodes.ts";
import { appendToInbox } from "../queries/runs.ts";

/**
 * Takes a failed run and makes it run again: failed and cancelled nodes are pending again, finished ones stay. Returns
 * undefined when another owner has taken the run since `seenLeaseNo` was read.
 */
export function reopen(
  driver: Driver,
  runId: string,
  owner: string,
  seenLeaseNo: number,
  nowMs: number,
): Reopened | undefined {
  const isFree = driver.run(
    `UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL, reopened = reopened + 1,
     crashes = 0
     WHERE run_id = ? AND lease_no = ? AND status = 'failed'`,
    runId,
    seenLeaseNo,
  );
  if (isFree === 0) return undefined;
  const lease = takeLease(driver, runId, owner, seenLeaseNo, nowMs)!;
  reopenNodes(driver, runId);
  return { lease, events: appendToInbox(driver, runId, [{ type: "RunStatusChanged", status: "running" }], nowMs) };
}

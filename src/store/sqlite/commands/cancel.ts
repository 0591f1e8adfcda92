import type { Run } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { judgeCancel } from "../../rules/cancel.ts";
import { findRun } from "../queries/runs.ts";

/**
 * Asks a run's owner to cancel it, after {@link judgeCancel} has accepted that. The run can then end in no other way.
 */
export function requestCancel(driver: Driver, runId: string, nowMs: number): Run {
  const run = judgeCancel(findRun(driver, runId), runId);
  driver.run(
    `UPDATE _smithers_runs SET cancel_requested_at_ms = coalesce(cancel_requested_at_ms, ?), inbox_no = inbox_no + 1
     WHERE run_id = ?`,
    nowMs,
    runId,
  );
  return run;
}

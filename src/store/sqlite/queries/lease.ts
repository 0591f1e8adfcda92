import type { WakeFailure } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { Lease } from "../../turn.ts";

/**
 * Takes a run by compare-and-swap on its fencing token: of several callers that saw the same `leaseNo`, one wins.
 * Returns undefined to the others, and when the run has ended meanwhile, even under the same token.
 */
export function takeLease(
  driver: Driver,
  runId: string,
  owner: string,
  seenLeaseNo: number,
  nowMs: number,
): Lease | undefined {
  const leaseNo = seenLeaseNo + 1;
  const changed = driver.run(
    `UPDATE _smithers_runs SET owner = ?, lease_no = ?, heartbeat_at_ms = ?, crashes = crashes + (owner IS NOT NULL),
       wake_failure_json = NULL
     WHERE run_id = ? AND lease_no = ? AND finished_at_ms IS NULL`,
    owner,
    leaseNo,
    nowMs,
    runId,
    seenLeaseNo,
  );
  return changed === 1 ? { runId, owner, leaseNo } : undefined;
}

/** See `Store.noteWakeFailure`. */
export function noteWakeFailure(driver: Driver, runId: string, seenLeaseNo: number, failure: WakeFailure): void {
  // The time of the first failure stays as long as the reason stays the same.
  driver.run(
    `UPDATE _smithers_runs SET wake_failure_json = ?
     WHERE run_id = ? AND lease_no = ? AND finished_at_ms IS NULL
       AND (wake_failure_json IS NULL OR json_extract(wake_failure_json, '$.reason') <> ?)`,
    JSON.stringify(failure),
    runId,
    seenLeaseNo,
    failure.reason,
  );
}

/** Writes the heartbeat of each lease and returns the leases that were lost. */
export function beat(driver: Driver, leases: readonly Lease[], nowMs: number): Lease[] {
  return leases.filter(
    (lease) =>
      driver.run(
        "UPDATE _smithers_runs SET heartbeat_at_ms = ? WHERE run_id = ? AND lease_no = ? AND owner = ?",
        nowMs,
        lease.runId,
        lease.leaseNo,
        lease.owner,
      ) === 0,
  );
}

/** Whether a lease has not been taken over. */
export function holdsLease(driver: Driver, { runId, owner, leaseNo }: Lease): boolean {
  const sql = "SELECT 1 FROM _smithers_runs WHERE run_id = ? AND lease_no = ? AND owner = ?";
  return driver.get(sql, runId, leaseNo, owner) !== undefined;
}

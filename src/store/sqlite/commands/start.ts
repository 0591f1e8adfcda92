import { SmithersError } from "../../../errors/index.ts";
import type { NewEvent, Run } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import type { Idempotency, Started } from "../../requests.ts";
import { insertRun } from "../queries/runs.ts";

/** For how long a key means the run that it started. */
export const idempotencyKeptMs = 86_400_000;

/**
 * Records a run, or finds the run that the same request has started.
 * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
 */
export function startOnce(driver: Driver, run: Run, events: readonly NewEvent[], idempotency?: Idempotency): Started {
  if (!idempotency) return { runId: run.runId, events: insertRun(driver, run, events) };
  const known = findStarted(driver, idempotency, run.createdAtMs);
  if (known !== undefined) return { runId: known, events: [] };
  driver.run("DELETE FROM _smithers_idempotency WHERE created_at_ms < ?", run.createdAtMs - idempotencyKeptMs);
  const inserted = insertRun(driver, run, events);
  driver.run(
    "INSERT INTO _smithers_idempotency (key, body_hash, run_id, created_at_ms) VALUES (?, ?, ?, ?)",
    idempotency.key,
    idempotency.bodyHash,
    run.runId,
    run.createdAtMs,
  );
  return { runId: run.runId, events: inserted };
}

/**
 * The run that a request under this key has started.
 * @throws IDEMPOTENCY_KEY_REUSED when that request was another
 */
export function findStarted(driver: Driver, { key, bodyHash }: Idempotency, nowMs: number): string | undefined {
  const known = driver.get<{ runId: string; bodyHash: string }>(
    "SELECT run_id AS runId, body_hash AS bodyHash FROM _smithers_idempotency WHERE key = ? AND created_at_ms >= ?",
    key,
    nowMs - idempotencyKeptMs,
  );
  if (known && known.bodyHash !== bodyHash) throw new SmithersError("IDEMPOTENCY_KEY_REUSED");
  return known?.runId;
}

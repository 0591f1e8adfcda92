import type { NewEvent, Run } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { Idempotency, Started } from "../../requests.ts";
import { idempotencyKeptMs, judgeStart, type KeyRow } from "../../rules/start.ts";
import { insertRun } from "../queries/runs.ts";

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

/** The run that a request with this key has started, according to {@link judgeStart}. */
export function findStarted(driver: Driver, idempotency: Idempotency, nowMs: number): string | undefined {
  const row = driver.get<KeyRow>(
    `SELECT run_id AS runId, body_hash AS bodyHash, created_at_ms AS createdAtMs
     FROM _smithers_idempotency WHERE key = ?`,
    idempotency.key,
  );
  return judgeStart(row, idempotency, nowMs);
}

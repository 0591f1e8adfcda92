import { SmithersError } from "../../errors/index.ts";
import type { Idempotency } from "../requests.ts";

/** How long an idempotency key is remembered. */
export const idempotencyKeptMs = 86_400_000;

/** The run that a request with an idempotency key has started. */
export interface KeyRow {
  readonly runId: string;
  readonly bodyHash: string;
  readonly createdAtMs: number;
}

/**
 * Checks a start with an idempotency key.
 * @param row the stored row of the key
 * @returns the run that the same request has started; undefined when a run must be started
 * @throws IDEMPOTENCY_KEY_REUSED when another request used the key
 */
export function judgeStart(row: KeyRow | undefined, { bodyHash }: Idempotency, nowMs: number): string | undefined {
  if (!row || row.createdAtMs < nowMs - idempotencyKeptMs) return undefined;
  if (row.bodyHash !== bodyHash) throw new SmithersError("IDEMPOTENCY_KEY_REUSED");
  return row.runId;
}

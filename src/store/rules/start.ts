import { SmithersError } from "../../errors/index.ts";
import type { Idempotency } from "../requests.ts";

/** For how long a key means the run that it started. */
export const idempotencyKeptMs = 86_400_000;

/** The run that a request under a key has started. */
export interface KeyRow {
  readonly runId: string;
  readonly bodyHash: string;
  readonly createdAtMs: number;
}

/**
 * Judges a start under a key.
 * @param row what is stored under the key
 * @returns the run that the same request has started; undefined when a run is to be started
 * @throws IDEMPOTENCY_KEY_REUSED when another request came under the key
 */
export function judgeStart(row: KeyRow | undefined, { bodyHash }: Idempotency, nowMs: number): string | undefined {
  if (!row || row.createdAtMs < nowMs - idempotencyKeptMs) return undefined;
  if (row.bodyHash !== bodyHash) throw new SmithersError("IDEMPOTENCY_KEY_REUSED");
  return row.runId;
}

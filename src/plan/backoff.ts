import type { RetrySpec } from "../jsx/index.ts";

/** Delays do not grow beyond this; a first delay that is longer already stays as the author wrote it. */
const maxDelayMs = 300_000;

/**
 * How long to wait before the next attempt.
 *
 * @param failures attempts that have failed so far, from 1
 * @param random in [0, 1): spreads the delay by up to a quarter to both sides, so that tasks that failed
 *   together are not tried again together
 */
export function retryDelayMs(retry: RetrySpec, failures: number, random: number): number {
  const growth =
    retry.backoff === "fixed" ? 1 : retry.backoff === "linear" ? failures : 2 ** Math.min(failures - 1, 30);
  const delayMs = Math.min(retry.initialDelayMs * growth, Math.max(maxDelayMs, retry.initialDelayMs));
  return Math.round(delayMs * (0.75 + random * 0.5));
}

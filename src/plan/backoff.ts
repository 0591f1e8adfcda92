import type { RetrySpec } from "../jsx/index.ts";

/** Delays grow up to this. An initial delay that is longer stays as the author set it. */
const maxDelayMs = 300_000;

/**
 * How long to wait before the next attempt, in ms.
 *
 * @param failures failed attempts so far, at least 1
 * @param random in [0, 1): varies the delay by up to a quarter either way, to keep tasks that failed together from
 *   being retried together
 */
export function retryDelayMs(retry: RetrySpec, failures: number, random: number): number {
  const growth =
    retry.backoff === "fixed" ? 1 : retry.backoff === "linear" ? failures : 2 ** Math.min(failures - 1, 30);
  const delayMs = Math.min(retry.initialDelayMs * growth, Math.max(maxDelayMs, retry.initialDelayMs));
  return Math.round(delayMs * (0.75 + random * 0.5));
}

import { setImmediate } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { maxTimerMs } from "./long-timer.ts";
import { stopwatch } from "./stopwatch.ts";

/**
 * Resolves after `ms`, which may be longer than a timer's limit, or infinite.
 * @throws the signal's reason when it aborts, at once and without leaving a timer behind
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const elapsedMs = stopwatch();
  try {
    for (let leftMs = ms; leftMs > 0; leftMs = ms - elapsedMs()) {
      await setTimeout(Math.min(leftMs, maxTimerMs), undefined, { signal });
    }
  } finally {
    // Node's own rejection is an AbortError, with the reason as its cause.
    signal?.throwIfAborted();
  }
}

/** Lets everything that waits for the event loop run first. */
export function yieldToEventLoop(): Promise<void> {
  // Called at every step of a run: the promise of `node:timers/promises` checks its options first.
  return new Promise((resolve) => void setImmediate(resolve));
}

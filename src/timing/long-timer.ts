/** Longest delay of JavaScript's timers, in ms. A longer one overflows and fires at once. */
export const maxTimerMs = 2_147_483_647;

/**
 * Calls `fire` once after `delayMs`, which may be longer than a timer's limit, or infinite.
 * @returns a function that cancels the timer
 */
export function afterMs(delayMs: number, fire: () => void): () => void {
  const dueAtMs = performance.now() + delayMs;
  let handle: ReturnType<typeof setTimeout>;
  const arm = () => {
    const leftMs = dueAtMs - performance.now();
    handle = leftMs > maxTimerMs ? setTimeout(arm, maxTimerMs) : setTimeout(fire, Math.max(leftMs, 0));
  };
  arm();
  return () => clearTimeout(handle);
}

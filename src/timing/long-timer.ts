/** Longer delays overflow the timers of JavaScript, which then fire at once. */
export const maxTimerMs = 2_147_483_647;

/** Calls `fire` after any delay, however long; returns how to call it off. */
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

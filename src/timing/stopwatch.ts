/**
 * Starts a stopwatch on the monotonic clock, which no change of the wall clock affects.
 * @returns a function that tells the milliseconds since the start
 */
export function stopwatch(): () => number {
  const startMs = performance.now();
  return () => performance.now() - startMs;
}

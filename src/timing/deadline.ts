import { afterMs } from "./long-timer.ts";

/**
 * Waits for `work`, at most `ms`. The work itself continues.
 * @returns whether it settled in time
 * @throws what the work throws in time; a later rejection is ignored
 */
export function waitAtMost(ms: number, work: Promise<unknown>): Promise<boolean> {
  return race(
    ms,
    work.then(() => true),
    () => false,
  );
}

/**
 * The result of `work`, if it comes within `ms`. The work itself continues.
 * @throws what `late` makes when the time is over, and what the work throws in time; a later rejection is ignored
 */
export function withTimeout<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return race(ms, work, () => {
    throw late();
  });
}

async function race<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  const over = Promise.withResolvers<void>();
  // A plain timer: aborting a sleep makes an error with its stack, and every attempt passes here.
  const cancel = afterMs(ms, over.resolve);
  try {
    return await Promise.race([work, over.promise.then(late)]);
  } finally {
    cancel();
  }
}

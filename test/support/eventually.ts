import { setTimeout as sleep } from "node:timers/promises";

type Falsy = false | 0 | "" | null | undefined;

/**
 * Waits until `check` gives something truthy, and gives that. For what announces itself by no event: a file, a process,
 * a row that another process writes. A check that throws has not succeeded yet.
 *
 * @throws after `within` milliseconds
 */
export async function eventually<T>(check: () => T | Promise<T>, { within = 30_000 } = {}): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + within;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 25)) {
    let problem: unknown = `it did not hold: ${check}`;
    try {
      const result = await check();
      if (result) return result as Exclude<T, Falsy>;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) throw new Error(`After ${within} ms: ${problem}`);
    await sleep(pauseMs);
  }
}

/** Waits until the clock shows another millisecond, so that what comes next is younger than what was before. */
export async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  await eventually(() => Date.now() > now);
}

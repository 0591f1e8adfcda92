import { sleep, stopwatch } from "../../timing/index.ts";
import type { TerminalOutput } from "./output.ts";

/** How often is looked. */
const lookMs = 500;
/** What is shown on a terminal ages, also where nothing changes. */
const ageMs = 1_000;

/**
 * Shows something again whenever it has changed, for ever: on a terminal in place, in a pipe below the last.
 * @param print prints it to `out`
 */
export async function watch<T>(
  out: TerminalOutput,
  read: () => Promise<T>,
  print: (value: T) => Promise<void>,
): Promise<never> {
  let last = "";
  let shownAgoMs = stopwatch();
  for (let isFirst = true; ; isFirst = false) {
    const value = await read();
    // The moment at which a state was looked at is no change.
    const now = JSON.stringify(value, (name, inner) => (name === "computedAt" ? undefined : inner));
    const isOld = out.isTerminal && shownAgoMs() >= ageMs;
    if (now !== last || isOld) {
      if (out.isTerminal && !out.isJson) out.clear();
      else if (!isFirst && !out.isJson) out.line();
      await print(value);
      last = now;
      shownAgoMs = stopwatch();
    }
    await sleep(lookMs);
  }
}

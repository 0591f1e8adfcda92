import { sleep, stopwatch } from "../../timing/index.ts";
import type { TerminalOutput } from "./output.ts";

/** Time between two reads. */
const pollMs = 500;
/** Ages on a terminal are refreshed this often even when nothing has changed. */
const refreshMs = 1_000;

/**
 * Prints a value again whenever it has changed, for ever: in place on a terminal, below the last one in a pipe.
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
    // A new time of computation is not a change.
    const now = JSON.stringify(value, (name, inner) => (name === "computedAt" ? undefined : inner));
    const isOld = out.isTerminal && shownAgoMs() >= refreshMs;
    if (now !== last || isOld) {
      if (out.isTerminal && !out.isJson) out.clear();
      else if (!isFirst && !out.isJson) out.line();
      await print(value);
      last = now;
      shownAgoMs = stopwatch();
    }
    await sleep(pollMs);
  }
}

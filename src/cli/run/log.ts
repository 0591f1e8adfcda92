import type { Logger } from "../../engine/index.ts";
import { messageOf } from "../../errors/index.ts";
import { oneLine } from "../../text/printable.ts";
import type { TerminalOutput } from "../terminal/output.ts";

/** Prints warnings and errors for a person, next to the progress. */
export interface ProgressLogger extends Logger {
  say(text: string): void;
  /** Prints in this way from now on. */
  printWith(say: (text: string) => void): void;
}

export function createProgressLogger(out: TerminalOutput): ProgressLogger {
  let say = (text: string) => out.say(text);
  const tell = (facts: object, message: string) => {
    const cause = "err" in facts ? messageOf(facts.err) : "";
    say(oneLine(message.includes(cause) ? message : `${message} ${cause}`));
  };
  return {
    debug() {},
    info() {},
    warn: tell,
    error: tell,
    say: (text) => say(text),
    printWith: (way) => void (say = way),
  };
}

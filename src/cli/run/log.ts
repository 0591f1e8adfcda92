import type { Logger } from "../../engine/index.ts";
import { messageOf } from "../../errors/index.ts";
import { oneLine, type TerminalOutput } from "../terminal/output.ts";

/** Prints warnings and errors for a person, next to the progress. */
export interface BesideLogger extends Logger {
  say(text: string): void;
  /** Prints in this way from now on. */
  sayBy(say: (text: string) => void): void;
}

export function loggerBeside(out: TerminalOutput): BesideLogger {
  let say = (text: string) => out.say(text);
  const tell = (facts: object, message: string) => {
    const cause = "err" in facts ? ` ${messageOf(facts.err)}` : "";
    say(oneLine(message + cause));
  };
  return { debug() {}, info() {}, warn: tell, error: tell, say: (text) => say(text), sayBy: (way) => void (say = way) };
}

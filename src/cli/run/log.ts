import type { Logger } from "../../engine/index.ts";
import { type Output, oneLine } from "../output.ts";

/** Says what goes wrong to a person, beside what else is shown. */
export interface BesideLogger extends Logger {
  /** From now on it is said so. */
  sayBy(say: (text: string) => void): void;
}

export function loggerBeside(out: Output): BesideLogger {
  let say = (text: string) => out.say(text);
  const tell = (facts: object, message: string) => {
    const cause = "err" in facts && facts.err instanceof Error ? ` ${facts.err.message}` : "";
    say(oneLine(message + cause));
  };
  return { debug() {}, info() {}, warn: tell, error: tell, sayBy: (way) => void (say = way) };
}

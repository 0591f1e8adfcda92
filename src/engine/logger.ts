import { formatWithOptions } from "node:util";
import { redact } from "../text/index.ts";
import { printable } from "../text/printable.ts";

/**
 * Receives what an operator should know: facts first, then a sentence, in the order of pino's loggers.
 */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Writes warnings and errors to stderr, and nothing else: for runs without a server. */
export const troubleOnly: Logger = {
  debug() {},
  info() {},
  warn: toStderr,
  error: toStderr,
};

function toStderr(facts: object, message: string): void {
  console.error(printable(redact(formatWithOptions({ colors: process.stderr.isTTY === true }, message, facts))));
}

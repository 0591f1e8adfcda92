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
  warn: (facts, message) => console.error(message, facts),
  error: (facts, message) => console.error(message, facts),
};

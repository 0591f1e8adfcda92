/**
 * Where the engine says what an operator should know: facts first, then a sentence, as pino's loggers and the
 * console take them.
 */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Says on stderr what went wrong, and nothing else: for runs without a server. */
export const troubleOnly: Logger = {
  debug() {},
  info() {},
  warn: (facts, message) => console.error(message, facts),
  error: (facts, message) => console.error(message, facts),
};

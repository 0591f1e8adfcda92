import type { Logger } from "../../src/engine/index.ts";

/** A server's logger, and what it was told of errors. */
export function recordedErrors(): { logger: Logger; errors: object[] } {
  const errors: object[] = [];
  const ignore = () => {};
  const error = (facts: object, message: string) => void errors.push({ ...facts, message });
  return { errors, logger: { debug: ignore, info: ignore, warn: ignore, error } };
}

/** A server's logger, and the facts of its warnings. */
export function recordedFacts(): { logger: Logger; facts: Record<string, unknown>[] } {
  const facts: Record<string, unknown>[] = [];
  const ignore = () => {};
  const warn = (given: object) => void facts.push({ ...given });
  return { facts, logger: { debug: ignore, info: ignore, warn, error: ignore } };
}

/** A server's logger, and its warnings. */
export function recordedWarnings(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = () => {};
  const warn = (_facts: object, message: string) => void warnings.push(message);
  return { warnings, logger: { debug: ignore, info: ignore, warn, error: ignore } };
}

import { runtime } from "../runtime/index.ts";

/** The name of the variable that holds the server's own token. */
const tokenName = "SMITHERS_API_KEY";

/**
 * The environment of a worker: that of this process, without what only the server may know, and with what makes the
 * worker cheaper.
 * @param secrets values that no variable of a worker may have
 */
export function workerEnvironment(secrets: readonly string[]): {
  readonly env: Record<string, string | undefined>;
  /** The names that the worker must not pass on to the author's code and to commands. */
  readonly hidden: readonly string[];
} {
  const isHidden = ([name, value]: [string, string | undefined]) =>
    name === tokenName || (value !== undefined && secrets.includes(value));
  const all = Object.entries(process.env);
  const own = Object.entries(runtime.lateOptimization).filter(([name]) => process.env[name] === undefined);
  return {
    env: Object.fromEntries([...own, ...all.filter((variable) => !isHidden(variable))]),
    hidden: [...new Set([tokenName, ...[...all.filter(isHidden), ...own].map(([name]) => name)])],
  };
}

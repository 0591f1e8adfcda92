/** The name of the variable that holds the server's own token. */
const tokenName = "SMITHERS_API_KEY";

/**
 * The environment of a worker: that of this process, without what only the server may know.
 * @param secrets values that no variable of a worker may have
 */
export function workerEnvironment(secrets: readonly string[]): {
  readonly env: Record<string, string | undefined>;
  /** The names that were left out. */
  readonly hidden: readonly string[];
} {
  const isHidden = ([name, value]: [string, string | undefined]) =>
    name === tokenName || (value !== undefined && secrets.includes(value));
  const all = Object.entries(process.env);
  return {
    env: Object.fromEntries(all.filter((variable) => !isHidden(variable))),
    hidden: [...new Set([tokenName, ...all.filter(isHidden).map(([name]) => name)])],
  };
}

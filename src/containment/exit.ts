import { NonRetryableError } from "../errors/index.ts";
import { isImporting } from "./attribute.ts";
import { currentOrigin } from "./origin.ts";

/**
 * Makes `process.exit` and `process.abort` throw when an author's code calls them. Other code of the process is not
 * affected.
 * @returns a function that restores both
 */
export function interceptExit(): () => void {
  const restores = (["exit", "abort"] as const).map((name) => intercept(name));
  return () => restores.forEach((restore) => void restore());
}

function intercept(name: "exit" | "abort"): () => void {
  const original = process[name] as (...args: unknown[]) => never;
  const guarded = (...args: unknown[]): never => {
    if (currentOrigin() === undefined && !isImporting(new Error().stack ?? "")) return original.apply(process, args);
    const call = `process.${name}(${args.map((arg) => String(arg)).join(", ")})`;
    throw new NonRetryableError(`${call} was called. A workflow cannot end the process that executes it.`);
  };
  process[name] = guarded as typeof process.exit;
  return () => {
    if (process[name] === guarded) process[name] = original as typeof process.exit;
  };
}

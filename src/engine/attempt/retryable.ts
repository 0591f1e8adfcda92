import { isSmithersError, readField } from "../../errors/index.ts";

const nonRetryableCodes: ReadonlySet<string> = new Set([
  "OUTPUT_TOO_LARGE",
  "INVALID_WORKFLOW",
  "STORED_VALUE_OUTDATED",
  "TASK_CANCELLED",
  "TOOL_PATH_ESCAPE",
  "TOOL_NOT_ALLOWED",
  "TOOL_SANDBOX_UNAVAILABLE",
]);

/** Whether another attempt may succeed: not after a mistake in the code, nor when the error itself rules it out. */
export function isRetryable(thrown: unknown): boolean {
  return !isMistake(thrown) && !refusesRetry(thrown);
}

function isMistake(thrown: unknown): boolean {
  // A failed fetch is a TypeError too, with the system's code, as ECONNREFUSED; the runtime's own codes begin with ERR_.
  const code = readField(thrown, "code");
  if (typeof code === "string" && !code.startsWith("ERR_")) return false;
  try {
    return [TypeError, ReferenceError, SyntaxError].some((mistake) => thrown instanceof mistake);
  } catch {
    // A revoked proxy has no prototype to look at.
    return false;
  }
}

/** Whether an error itself says that another attempt would fail the same way. */
export function refusesRetry(thrown: unknown): boolean {
  if (isSmithersError(thrown) && nonRetryableCodes.has(thrown.code)) return true;
  const says = (name: string, value: boolean) => readField(thrown, name) === value;
  return says("retryable", false) || says("isRetryable", false) || says("noRetry", true) || says("final", true);
}

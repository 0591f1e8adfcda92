import { isSmithersError } from "../../errors/index.ts";

const nonRetryableCodes: ReadonlySet<string> = new Set([
  "OUTPUT_TOO_LARGE",
  "INVALID_WORKFLOW",
  "TASK_CANCELLED",
  "TOOL_PATH_ESCAPE",
  "TOOL_NOT_ALLOWED",
  "TOOL_SANDBOX_UNAVAILABLE",
]);

/** Whether another attempt may succeed: not after a mistake in the code, nor when the error itself rules it out. */
export function isRetryable(thrown: unknown): boolean {
  if (thrown instanceof TypeError || thrown instanceof ReferenceError || thrown instanceof SyntaxError) return false;
  return !refusesRetry(thrown);
}

/** Whether an error itself says that another attempt would fail the same way. */
export function refusesRetry(thrown: unknown): boolean {
  if (isSmithersError(thrown) && nonRetryableCodes.has(thrown.code)) return true;
  if (typeof thrown !== "object" || thrown === null) return false;
  const { retryable, isRetryable, noRetry, final } = thrown as Record<string, unknown>;
  return retryable === false || isRetryable === false || noRetry === true || final === true;
}

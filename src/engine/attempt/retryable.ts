import { isSmithersError } from "../../errors/index.ts";

const finalCodes: ReadonlySet<string> = new Set([
  "OUTPUT_TOO_LARGE",
  "INVALID_WORKFLOW",
  "TASK_CANCELLED",
  "TOOL_PATH_ESCAPE",
  "TOOL_NOT_ALLOWED",
  "TOOL_SANDBOX_UNAVAILABLE",
]);

/** Whether trying again would fail the same way: after a mistake in the code, or an error that says so of itself. */
export function isFinal(thrown: unknown): boolean {
  if (thrown instanceof TypeError || thrown instanceof ReferenceError || thrown instanceof SyntaxError) return true;
  return saysFinal(thrown);
}

/** Whether an error says of itself that it is final. */
export function saysFinal(thrown: unknown): boolean {
  if (isSmithersError(thrown) && finalCodes.has(thrown.code)) return true;
  if (typeof thrown !== "object" || thrown === null) return false;
  const { retryable, isRetryable, noRetry, final } = thrown as Record<string, unknown>;
  return retryable === false || isRetryable === false || noRetry === true || final === true;
}

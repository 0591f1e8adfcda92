import type { ErrorCode } from "./codes.ts";
import { type ErrorRecord, isSmithersError } from "./smithers-error.ts";

/**
 * Turns anything thrown into the record that is stored. What is no SmithersError keeps its own
 * string `code` out of the way in details, so that `code` stays one of the table.
 */
export function toErrorRecord(thrown: unknown, fallback: ErrorCode = "TASK_FAILED"): ErrorRecord {
  if (isSmithersError(thrown)) {
    const record: ErrorRecord = { code: thrown.code, message: thrown.message };
    if (thrown.details !== undefined) record.details = thrown.details;
    return record;
  }
  if (thrown instanceof Error) {
    const details: Record<string, unknown> = { name: thrown.name };
    if ("code" in thrown && typeof thrown.code === "string") details.code = thrown.code;
    return { code: fallback, message: thrown.message || thrown.name, details };
  }
  return { code: fallback, message: describe(thrown) };
}

function describe(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return String(thrown);
  }
}

import type { ErrorCode } from "./codes.ts";
import { cutDetails } from "./cut.ts";
import { describeThrown, type ThrownDescription } from "./describe-thrown.ts";
import { isError, readField } from "./read-field.ts";
import { type ErrorRecord, isSmithersError } from "./smithers-error.ts";

/**
 * Turns any thrown value into the record that is stored and sent: `code` is one of the table, `message` is a
 * text, `details` are JSON, and both are bounded. Never throws. What an error that is not a SmithersError says of
 * itself (its name, its own `code` and other fields, its causes) goes into details.
 * @param fallback the code of everything but a SmithersError
 */
export function toErrorRecord(thrown: unknown, fallback: ErrorCode = "TASK_FAILED"): ErrorRecord {
  const described = describeThrown(thrown);
  const { code = fallback, message, name } = described;
  const details = cutDetails(described.code === undefined ? factsOf(thrown, described) : detailsOf(thrown, described));
  return { code, message: message || name, ...(details !== undefined && { details }) };
}

/** Codes that wrap what the author's code threw. */
const wrapping: ReadonlySet<ErrorCode | undefined> = new Set(["TASK_FAILED", "RENDER_FAILED"]);

function detailsOf(thrown: unknown, { code, cause }: ThrownDescription): unknown {
  const details = readField(thrown, "details");
  return details === undefined && cause && wrapping.has(code) ? { cause: inner(cause) } : details;
}

function factsOf(thrown: unknown, described: ThrownDescription): unknown {
  if (isSmithersError(thrown)) return { ...facts(described), details: readField(thrown, "details") };
  return isError(thrown) ? facts(described) : undefined;
}

/** What a program can use of an error: names, codes, fields and messages, without the stacks. */
function facts({ name, code, foreignCode, fields, cause, errors }: ThrownDescription): Record<string, unknown> {
  return { ...fields, name, code: code ?? foreignCode, cause: cause && inner(cause), errors: errors?.map(inner) };
}

function inner(described: ThrownDescription): Record<string, unknown> {
  return { ...facts(described), message: described.message };
}

import type { ErrorCode } from "./codes.ts";
import { cutDetails } from "./cut.ts";
import { describeThrown, type ThrownDescription } from "./describe-thrown.ts";
import { isError, readField } from "./read-field.ts";
import { type ErrorRecord, isSmithersError } from "./smithers-error.ts";

/**
 * Turns any thrown value whatever into the record that is stored and sent: `code` is one of the table, `message` is a
 * text, `details` are JSON, and both are bounded. Never throws. What an error that is not a SmithersError says of
 * itself (its name, its own `code`, its causes) goes into details.
 * @param fallback the code of everything but a SmithersError
 */
export function toErrorRecord(thrown: unknown, fallback: ErrorCode = "TASK_FAILED"): ErrorRecord {
  const described = describeThrown(thrown);
  const { code = fallback, message, name } = described;
  const details = cutDetails(described.code === undefined ? factsOf(thrown, described) : readField(thrown, "details"));
  return { code, message: message || name, ...(details !== undefined && { details }) };
}

function factsOf(thrown: unknown, described: ThrownDescription): unknown {
  if (isSmithersError(thrown)) return { ...facts(described), details: thrown.details };
  return isError(thrown) ? facts(described) : undefined;
}

/** What a program can use of an error: names, codes and messages, without the stacks. */
function facts({ name, code, foreignCode, cause, errors }: ThrownDescription): Record<string, unknown> {
  return { name, code: code ?? foreignCode, cause: cause && inner(cause), errors: errors?.map(inner) };
}

function inner(described: ThrownDescription): Record<string, unknown> {
  return { ...facts(described), message: described.message };
}

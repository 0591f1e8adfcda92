import { describeThrown, type ErrorCode, isSmithersError, SmithersError } from "../errors/index.ts";

/** An error on its way to another process. */
interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** The further fields of a SmithersError. */
  readonly smithers?: {
    readonly code: ErrorCode;
    readonly problem: string;
    readonly advice: string;
    readonly details: unknown;
    readonly status: number;
  };
}

/** Copies a thrown value into plain data. Never throws. */
export function toWireError(thrown: unknown): WireError {
  const { name, message, stack } = describeThrown(thrown);
  if (!isSmithersError(thrown)) return { name, message, stack };
  const { code, problem, advice, status } = thrown;
  return { name, message, stack, smithers: { code, problem, advice, status, details: thrown.toRecord().details } };
}

/** The error that {@link toWireError} has copied. */
export function reviveError(sent: unknown): Error {
  const { name, message, stack, smithers } = sent as WireError;
  const error = smithers
    ? new SmithersError(smithers.code, smithers.problem, smithers)
    : Object.assign(new Error(message), { name });
  // Where it was thrown, which is in the other process.
  if (stack !== undefined) error.stack = stack;
  return error;
}

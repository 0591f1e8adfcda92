import { type ErrorCode, isErrorCode } from "./codes.ts";
import { cutText, maxMessageBytes, textOf } from "./cut.ts";
import { zodMessage } from "./issues.ts";
import { ownFields } from "./own-fields.ts";
import { isError, readField } from "./read-field.ts";
import { isSmithersError } from "./smithers-error.ts";

/** What can be said of a thrown value. Every text is bounded. */
export interface ThrownDescription {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** A code of the table; absent for anything but a SmithersError. */
  readonly code?: ErrorCode;
  /** The `code` of another library's error, as "ENOENT". */
  readonly foreignCode?: string;
  /** Further facts of another library's error, as `status`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: ThrownDescription;
  /** The members of an AggregateError. */
  readonly errors?: readonly ThrownDescription[];
}

const maxNameBytes = 256;
const maxStackBytes = 16_384;
/** Causes of causes that are followed, and members of an AggregateError that are listed. */
const maxCauses = 5;
const maxMembers = 5;
/** Descriptions in all, for members may be AggregateErrors themselves. */
const maxDescriptions = 16;

/**
 * Describes any thrown value. Never throws, whatever the value's getters, proxy traps and conversions do.
 * A value that is not an Error is named after its type, and its message is its text, or its JSON.
 */
export function describeThrown(thrown: unknown): ThrownDescription {
  return describe(thrown, { left: maxDescriptions, depth: 0, seen: new Set() });
}

/** The message of any thrown value, or its name when the message is empty. Never throws. */
export function messageOf(thrown: unknown): string {
  if (!isError(thrown)) return textOf(thrown);
  return errorMessage(thrown) || errorName(thrown);
}

interface Budget {
  left: number;
  readonly depth: number;
  readonly seen: Set<unknown>;
}

function describe(thrown: unknown, budget: Budget): ThrownDescription {
  budget.left -= 1;
  budget.seen.add(thrown);
  if (!isError(thrown)) return { name: thrown === null ? "null" : typeof thrown, message: textOf(thrown) };
  const stack = readField(thrown, "stack");
  const ownCode = readField(thrown, "code");
  const code = isSmithersError(thrown) && isErrorCode(ownCode) ? ownCode : undefined;
  const foreignCode = code === undefined ? ownCode : undefined;
  const fields = isSmithersError(thrown) ? undefined : ownFields(thrown);
  const [cause] = describeAll([readField(thrown, "cause")], budget, 1);
  const errors = describeAll(readField(thrown, "errors"), budget, maxMembers);
  return {
    name: errorName(thrown),
    message: errorMessage(thrown),
    ...(typeof stack === "string" && { stack: cutText(stack, maxStackBytes) }),
    ...(code !== undefined && { code }),
    ...(typeof foreignCode === "string" && { foreignCode: cutText(foreignCode, maxNameBytes) }),
    ...(fields !== undefined && { fields }),
    ...(cause !== undefined && { cause }),
    ...(errors.length > 0 && { errors }),
  };
}

/** The first `most` of the values, without those that are undefined or described already. */
function describeAll(values: unknown, budget: Budget, most: number): ThrownDescription[] {
  const described: ThrownDescription[] = [];
  if (budget.depth === maxCauses) return described;
  for (let index = 0; index < most && budget.left > 0; index += 1) {
    const value = readField(values, index);
    if (value === undefined || budget.seen.has(value)) continue;
    const inner = { ...budget, depth: budget.depth + 1 };
    described.push(describe(value, inner));
    budget.left = inner.left;
  }
  return described;
}

function errorName(error: Error): string {
  const name = readField(error, "name");
  return typeof name === "string" && name !== "" ? cutText(name, maxNameBytes) : "Error";
}

function errorMessage(error: Error): string {
  const ofZod = zodMessage(error);
  if (ofZod !== undefined) return ofZod;
  const message = readField(error, "message");
  return message === undefined || message === null ? "" : textOf(message, maxMessageBytes);
}

import { type ErrorCode, errorCodes } from "./codes.ts";

/** What is stored and sent of an error. */
export interface ErrorRecord {
  code: string;
  message: string;
  details?: unknown;
}

export interface SmithersErrorOptions {
  /** Facts for a program to act on: a field's name, Zod issues, an exit code. Never a secret. */
  details?: unknown;
  cause?: unknown;
}

/**
 * The one error class of the package. `code` is stable, `message` tells a person what is wrong
 * and what to do.
 *
 * @example
 * try { await runWorkflow(workflow, { input }) }
 * catch (error) { if (error instanceof SmithersError && error.code === "INVALID_INPUT") … }
 */
export class SmithersError extends Error {
  override readonly name = "SmithersError";
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message?: string, options: SmithersErrorOptions = {}) {
    const advice = errorCodes[code].advice;
    super(message === undefined ? advice : `${message} ${advice}`, { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  /** The HTTP status that the code is answered with. */
  get status(): number {
    return errorCodes[this.code].status;
  }

  toRecord(): ErrorRecord {
    const record: ErrorRecord = { code: this.code, message: this.message };
    if (this.details !== undefined) record.details = this.details;
    return record;
  }
}

/** Recognises the class also across two copies of the package in one process. */
export function isSmithersError(value: unknown): value is SmithersError {
  return value instanceof Error && value.name === "SmithersError" && "code" in value;
}

import { type ErrorCode, errorCodes } from "./codes.ts";
import { cutDetails, cutText, maxMessageBytes } from "./cut.ts";

/** An error as it is stored and sent. */
export interface ErrorRecord {
  code: string;
  message: string;
  details?: unknown;
}

export interface SmithersErrorOptions {
  /** Facts for a program to act on: a field's name, Zod issues, an exit code. Never a secret. */
  details?: unknown;
  cause?: unknown;
  /** What to do about the problem. Default: the code's own advice. */
  advice?: string;
  /** HTTP status. Default: the code's own. */
  status?: number;
}

/**
 * The one error class of the package. `code` is stable; `message` tells a person what is wrong (`problem`) and what to
 * do about it (`advice`).
 *
 * @example
 * try { await runWorkflow(workflow, { input }) }
 * catch (error) { if (error instanceof SmithersError && error.code === "INVALID_INPUT") … }
 */
export class SmithersError extends Error {
  override readonly name = "SmithersError";
  readonly code: ErrorCode;
  readonly details: unknown;
  // Private, for loggers and inspectors print an error's own fields next to its message.
  readonly #problem: string;
  readonly #advice: string;
  readonly #status: number;

  /** @param problem what is wrong, as one or more sentences; may be left out where the advice says it all */
  constructor(code: ErrorCode, problem = "", options: SmithersErrorOptions = {}) {
    const advice = options.advice ?? errorCodes[code].advice;
    super([problem, advice].filter((part) => part !== "").join(" "), { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.#problem = problem;
    this.#advice = advice;
    this.#status = options.status ?? errorCodes[code].status;
  }

  /** What is wrong; empty where the advice says it all. */
  get problem(): string {
    return this.#problem;
  }

  /** The problem, under the name that it has in the published package. */
  get summary(): string {
    return this.#problem || this.message;
  }

  /** What to do about it; may be empty. */
  get advice(): string {
    return this.#advice;
  }

  /** The HTTP status that the error is answered with. */
  get status(): number {
    return this.#status;
  }

  /** The error as it is stored and sent: message and details are bounded. */
  toRecord(): ErrorRecord {
    const record: ErrorRecord = { code: this.code, message: cutText(this.message, maxMessageBytes) };
    const details = cutDetails(this.details);
    if (details !== undefined) record.details = details;
    return record;
  }
}

/** Recognises the class also across two copies of the package in one process. Never throws. */
export function isSmithersError(value: unknown): value is SmithersError {
  try {
    if (!(value instanceof Error) || value.name !== "SmithersError") return false;
    const { code, message, problem, advice } = value as Partial<SmithersError>;
    return [code, message, problem, advice].every((text) => typeof text === "string");
  } catch {
    return false;
  }
}

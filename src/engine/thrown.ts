import { type ErrorCode, type ErrorRecord, toErrorRecord } from "../errors/index.ts";
import { authorStack, throwSite } from "../loader/index.ts";
import { errorAt } from "../model/index.ts";

/** An error of an author's code, as it is stored. */
export interface RecordedError {
  /** Its details have the place of the throw, as `at`. */
  readonly error: ErrorRecord;
  readonly stack: string | undefined;
}

/** Records what an author's code has thrown. Never throws. */
export function recordThrown(thrown: unknown, rootDir: string, fallback?: ErrorCode): RecordedError {
  const error = toErrorRecord(thrown, fallback);
  try {
    return { error: errorAt(error, throwSite(thrown, rootDir)), stack: authorStack(thrown, rootDir) };
  } catch {
    // The place is a help, and no reason to lose the error.
    return { error, stack: undefined };
  }
}

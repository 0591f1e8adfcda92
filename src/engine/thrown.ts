import { type ErrorCode, type ErrorRecord, toErrorRecord } from "../errors/index.ts";
import { authoredId, type Workflow } from "../jsx/index.ts";
import { authorStack, nodeSites, throwSite } from "../loader/index.ts";
import { errorAt, placeOfError } from "../model/index.ts";

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

/** Codes of errors that are in an author's source, whether or not its code has thrown them. */
const inSource: ReadonlySet<string> = new Set<ErrorCode>([
  "DUPLICATE_ID",
  "INVALID_OUTPUT",
  "INVALID_WORKFLOW",
  "OUTPUT_TOO_LARGE",
  "TASK_FAILED",
]);

/** An error of a node, with the place of the node in the source when the error has no place of its own. */
export function errorOfNode(error: ErrorRecord, nodeId: string, workflow: Workflow, rootDir: string): ErrorRecord {
  if (!inSource.has(error.code) || placeOfError(error)) return error;
  const sites = nodeSites(workflow, authoredId(nodeId), rootDir);
  // When several nodes have this id, it is unknown which one is meant, unless that is the error.
  const isKnown = sites.length === 1 || error.code === "DUPLICATE_ID";
  return errorAt(error, isKnown ? sites.at(-1) : undefined);
}

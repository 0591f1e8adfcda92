import { SmithersError } from "./smithers-error.ts";

/** RUN_NOT_FOUND. `hint` follows it, as " Did you mean …?". */
export function noSuchRun(runId: string, hint = ""): SmithersError {
  return new SmithersError("RUN_NOT_FOUND", `There is no run "${runId}".${hint}`);
}

/** RUN_ALREADY_EXISTS */
export function runExists(runId: string): SmithersError {
  return new SmithersError("RUN_ALREADY_EXISTS", `There is already a run "${runId}".`);
}

const endings: Record<string, string> = {
  finished: "has finished",
  failed: "has failed",
  cancelled: "was cancelled",
  continued: "was continued as a new run",
};

/**
 * RUN_NOT_ACTIVE for a run that has ended with `status`.
 * @param continuedAs id of the run that continues it
 */
export function runHasEnded(runId: string, status: string, continuedAs: string | null = null): SmithersError {
  const ending = continuedAs === null ? (endings[status] ?? `is ${status}`) : `has continued as "${continuedAs}"`;
  const details = continuedAs === null ? undefined : { continuedAs };
  return new SmithersError("RUN_NOT_ACTIVE", `The run "${runId}" ${ending}.`, { details });
}

/** RUN_NOT_ACTIVE for a run whose cancellation is under way. */
export function runIsBeingCancelled(runId: string): SmithersError {
  return new SmithersError("RUN_NOT_ACTIVE", `The run "${runId}" is being cancelled.`);
}

/** RUN_IN_PROGRESS */
export function runInProgress(runId: string): SmithersError {
  return new SmithersError("RUN_IN_PROGRESS", `The run "${runId}" is already being executed.`);
}

/** LEASE_LOST */
export function leaseLost(runId: string): SmithersError {
  return new SmithersError("LEASE_LOST", `Another process has taken over the run "${runId}".`);
}

/** NODE_NOT_FOUND. `hint` follows it, as " Did you mean …?". */
export function noSuchNode(runId: string, nodeId: string, iteration?: number, hint = ""): SmithersError {
  const which = iteration === undefined ? "" : ` in iteration ${iteration}`;
  return new SmithersError("NODE_NOT_FOUND", `The run "${runId}" has no node "${nodeId}"${which}.${hint}`);
}

/** SERVER_CLOSING */
export function shuttingDown(): SmithersError {
  return new SmithersError("SERVER_CLOSING", "The server is shutting down.");
}

/** INVALID_REQUEST for a page's cursor that no answer gave. */
export function unknownCursor(): SmithersError {
  return new SmithersError("INVALID_REQUEST", "Unknown cursor.", { details: { field: "cursor" } });
}

/**
 * DB_NOT_TRUSTED for a database that a workflow names and that was not created for it here.
 * @param command trusts it
 */
export function notTrusted(name: string, command = "smithers trust <file>"): SmithersError {
  const problem = `The workflow's database ${name} was not created here, or was replaced, so nothing in it is used.`;
  return new SmithersError("DB_NOT_TRUSTED", problem, { advice: `If it is yours, say so: ${command}` });
}

import { describeThrown, type ErrorCode, isSmithersError, readField, SmithersError } from "../errors/index.ts";
import { type ExitCode, exitCodes } from "./command.ts";

/** Advice for the command line, for codes whose general advice is about HTTP or code. */
const advice: Partial<Record<ErrorCode, string>> = {
  INVALID_REQUEST: "",
  INVALID_INPUT: "",
  RUN_NOT_FOUND: "List the runs with smithers ps.",
  NODE_NOT_FOUND: "List the nodes with smithers inspect <run>.",
  NODE_NOT_WAITING: "See what the run is waiting for with smithers why <run>.",
  RUN_ALREADY_EXISTS: "Choose another --run-id, or continue that run with smithers resume <run>.",
  RUN_IN_PROGRESS: "Follow it with smithers logs <run> --follow, or cancel it with smithers cancel <run>.",
  RUN_NOT_ACTIVE: "Start a new run with smithers up.",
  UNAUTHORIZED: "Pass the server's token with --auth-token-file or --token, or set SMITHERS_API_KEY.",
  WORKFLOW_NOT_ALLOWED: "",
  WORKFLOW_PATH_OUTSIDE_ROOT: "Choose a folder that contains it with --root.",
  WORKFLOW_NOT_FOUND: "Check the path of the workflow file.",
  WORKFLOW_INVALID: "Fix the file and try again.",
  DB_NOT_CONFIGURED: "Name the database file with --db.",
  INVALID_OPTIONS: "",
  INVALID_USAGE: "",
};

/** An error about wrong usage: nothing was done. */
export function usageError(message: string, code: ErrorCode = "INVALID_USAGE", details?: unknown): SmithersError {
  return new SmithersError(code, message, { details });
}

/** An invalid option as wrong usage; any other error as it is. */
export function asUsageError(thrown: unknown): unknown {
  return isSmithersError(thrown) && thrown.code === "INVALID_OPTIONS" ? usageError(thrown.problem) : thrown;
}

/** An error about the file of a run, with the command that names a file which has moved. Any other error is thrown as it is. */
export function throwWithMove(thrown: unknown, runId: string): never {
  if (!isSmithersError(thrown) || thrown.code !== "WORKFLOW_NOT_FOUND") throw thrown;
  const problem = `${thrown.problem}\nIf the file has moved, name it: smithers resume ${runId} --workflow <file>`;
  throw new SmithersError(thrown.code, problem, { advice: "", cause: thrown });
}

/** Text of an error for a person: the problem, the issues and the advice. */
export function describeError(thrown: unknown): string {
  if (!isSmithersError(thrown)) return describeUnexpected(thrown);
  const { problem, code } = thrown;
  const issues = issuesOf(thrown.details).filter((issue) => !problem.includes(issue.trim()));
  const next = thrown.advice === "" ? "" : (advice[code] ?? thrown.advice);
  return [problem, ...issues, next].filter((part) => part !== "").join("\n");
}

/**
 * Text of an unexpected error. What the system refuses says by itself what is wrong; of any other error, the stack shows
 * where it comes from.
 */
function describeUnexpected(thrown: unknown): string {
  const { stack, message, name } = describeThrown(thrown);
  if (typeof readField(thrown, "syscall") === "string") return message;
  return stack ?? (message || name);
}

function issuesOf(details: unknown): string[] {
  if (typeof details !== "object" || details === null || !("issues" in details) || !Array.isArray(details.issues))
    return [];
  return details.issues.map((issue: { path?: unknown[]; message?: string }) => {
    const path = issue.path?.length ? `${issue.path.join(".")}: ` : "";
    return `  ${path}${issue.message}`;
  });
}

/** Usage errors are those that a server answers with 400 to 404, or 422. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (!isSmithersError(thrown)) return exitCodes.failed;
  const { status } = thrown;
  return (status >= 400 && status <= 404) || status === 422 ? exitCodes.usage : exitCodes.failed;
}

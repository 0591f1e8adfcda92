import { isSmithersError } from "smithers-orchestrator/client";

/** An error as a person reads it: what is wrong, and what to do. */
export function told(error: unknown): { title: string; message: string; code: string | undefined } {
  if (!isSmithersError(error))
    return { title: "Something went wrong in this page", message: String(error), code: undefined };
  const titles: Record<string, string> = {
    CONNECTION_FAILED: "The server does not answer",
    RUN_NOT_FOUND: "There is no such run",
    NODE_NOT_FOUND: "There is no such step",
    DB_NOT_CONFIGURED: "This server keeps no lists",
    FORBIDDEN: "The server refuses requests from this page",
  };
  const title =
    titles[error.code] ?? (error.code.startsWith("DB_") ? "The server's database is in trouble" : "The server refused");
  return { title, message: error.message, code: error.code };
}

/** The messages of `details.issues`, by the path of the field. */
export function issuesOf(error: unknown): { path: (string | number)[]; message: string }[] {
  return isSmithersError(error) ? issuesIn(error.details) : [];
}

/** The fields that the details of an error name, as stored with a run or thrown by the client. */
export function issuesIn(details: unknown): { path: (string | number)[]; message: string }[] {
  const { issues } = (details ?? {}) as { issues?: { path: (string | number)[]; message: string }[] };
  return Array.isArray(issues) ? issues : [];
}

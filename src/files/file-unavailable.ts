import { type ErrorCode, SmithersError } from "../errors/index.ts";

const codeByReason: Record<string, ErrorCode> = { ENOSPC: "DB_FULL", EDQUOT: "DB_FULL" };

/** Turns a system error into DB_FULL where there is no room, and into FILE_UNAVAILABLE for any other reason. */
export function fileUnavailable(problem: string, cause: unknown): SmithersError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "";
  const code = codeByReason[reason] ?? "FILE_UNAVAILABLE";
  return new SmithersError(code, `${problem}${reason === "" ? "" : ` (${reason})`}.`, { cause });
}

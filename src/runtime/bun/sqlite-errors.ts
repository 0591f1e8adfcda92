import { type ErrorCode, isSmithersError, readField, SmithersError } from "../../errors/index.ts";

/** The package's code for SQLite's primary result code, https://www.sqlite.org/rescode.html */
const codeByResult: Record<string, ErrorCode> = {
  SQLITE_BUSY: "DB_BUSY",
  SQLITE_LOCKED: "DB_BUSY",
  // Another process that opens the new file at the same time has removed the journal.
  SQLITE_IOERR_DELETE_NOENT: "DB_BUSY",
  SQLITE_READONLY: "DB_READ_ONLY",
  SQLITE_PERM: "DB_READ_ONLY",
  SQLITE_FULL: "DB_FULL",
  SQLITE_CORRUPT: "DB_CORRUPT",
  SQLITE_NOTADB: "DB_NOT_A_DATABASE",
  SQLITE_CANTOPEN: "DB_UNAVAILABLE",
  SQLITE_IOERR: "DB_UNAVAILABLE",
};

export function toStoreError(thrown: unknown): unknown {
  if (isSmithersError(thrown)) return thrown;
  const result = resultCode(thrown);
  const known = result && Object.keys(codeByResult).find((name) => result === name || result.startsWith(`${name}_`));
  if (!known) return thrown;
  return new SmithersError(codeByResult[known]!, `The database returned ${result}.`, { cause: thrown });
}

export function isBusy(thrown: unknown): boolean {
  const result = resultCode(thrown);
  return result !== undefined && (result.startsWith("SQLITE_BUSY") || result.startsWith("SQLITE_LOCKED"));
}

export function isDuplicateKey(thrown: unknown): boolean {
  const result = resultCode(thrown);
  return result === "SQLITE_CONSTRAINT_PRIMARYKEY" || result === "SQLITE_CONSTRAINT_UNIQUE";
}

function resultCode(thrown: unknown): string | undefined {
  const code = readField(thrown, "code");
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : undefined;
}

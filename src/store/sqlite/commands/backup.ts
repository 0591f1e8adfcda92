import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SmithersError } from "../../../errors/index.ts";
import { createPrivateFile } from "../../../files/index.ts";
import { type Driver, runtime } from "../../../runtime/index.ts";
import { setIdentity } from "../identity.ts";

/**
 * Copies the current state of a database to a new file while other connections continue to write. The file gets its
 * name only when it is complete and on the disk.
 * @throws INVALID_OPTIONS when the file exists; a `DB_*` code
 */
export function backupDatabase(driver: Driver, path: string): void {
  const file = resolve(path);
  if (existsSync(file)) throw new SmithersError("INVALID_OPTIONS", `The file ${file} already exists.`);
  const part = `${file}.${randomBytes(8).toString("hex")}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // SQLite writes to an empty file, and would create one that others can read.
    createPrivateFile(part);
    driver.run("VACUUM INTO ?", part);
    becomeAnother(part);
    sync(part);
    renameSync(part, file);
    sync(dirname(file));
  } catch (error) {
    rmSync(part, { force: true });
    throw toFileError(error, file);
  }
}

/** Gives a copy its own identity: who puts it in the place of the original has to say that it is to be used. */
function becomeAnother(path: string): void {
  const copy = runtime.sqlite.open(path);
  try {
    setIdentity(copy, randomUUID());
  } finally {
    copy.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const codeByReason: Record<string, "DB_FULL" | "DB_READ_ONLY"> = {
  ENOSPC: "DB_FULL",
  EDQUOT: "DB_FULL",
  EROFS: "DB_READ_ONLY",
  EACCES: "DB_READ_ONLY",
  EPERM: "DB_READ_ONLY",
};

function toFileError(thrown: unknown, file: string): unknown {
  const code = codeByReason[(thrown as NodeJS.ErrnoException).code ?? ""];
  return code ? new SmithersError(code, `The copy ${file} cannot be written.`, { cause: thrown }) : thrown;
}

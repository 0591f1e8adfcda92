import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SmithersError } from "../../errors/index.ts";
import { createPrivateFile, ownerOnly, sqliteHeader } from "../../files/index.ts";
import type { Driver } from "../../runtime/index.ts";

/** What SQLite keeps next to a database. It gives these files the mode of the database's own. */
const sideFiles = ["", "-wal", "-shm", "-journal"];

/**
 * Creates an empty file for a database, with mode 0600, and the folders above it; leaves a file that exists as it is.
 * @returns the file's absolute path
 * @throws DB_UNAVAILABLE
 */
export function createDatabaseFile(path: string): string {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new SmithersError("DB_UNAVAILABLE", `The folder of the database ${file} cannot be created.`, { cause });
  }
  try {
    // SQLite would create it with the mode that the umask allows.
    createPrivateFile(file);
  } catch {
    // It exists, or SQLite says why it cannot be opened. But SQLite would follow a link and create a file elsewhere.
    if (!existsSync(file) && lstatSync(file, { throwIfNoEntry: false })) {
      throw new SmithersError("DB_UNAVAILABLE", `${file} is a link to a file that does not exist.`);
    }
  }
  return file;
}

/** Size of a database's write-ahead log; 0 for a database in memory. */
export function logBytesOf(file: string): number {
  return file === "" ? 0 : sizeOf(`${file}-wal`);
}

/** Size of a file in bytes; 0 when it cannot be looked at. Opening the database says why. */
function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}

/**
 * Refuses a database whose file is missing, or empty, while its write-ahead log is still there. SQLite would delete the
 * log, and with it what was committed last.
 * @throws DB_UNAVAILABLE
 */
export function refuseLostDatabase(file: string): void {
  if (sizeOf(file) > 0 || logBytesOf(file) === 0) return;
  throw new SmithersError("DB_UNAVAILABLE", `The database ${file} is missing, but its log ${file}-wal is there.`, {
    advice: "Put the database back next to its log. Remove the log only to begin with an empty database.",
  });
}

/**
 * Keeps a new database from other users, also when the caller's own connection has created the file. The mode of a
 * database that has tables is its owner's choice.
 * @throws DB_UNAVAILABLE when the file belongs to another user; DB_READ_ONLY
 */
export function keepPrivate(driver: Driver): void {
  const { filename } = driver;
  if (filename === "" || driver.get("SELECT 1 FROM sqlite_master") !== undefined) return;
  const stats = statSync(filename, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.uid !== process.geteuid?.()) {
    throw new SmithersError("DB_UNAVAILABLE", `The new database ${filename} belongs to another user.`);
  }
  try {
    for (const suffix of sideFiles) if (existsSync(filename + suffix)) chmodSync(filename + suffix, ownerOnly);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem = `The mode of the new database ${filename} cannot be set (${code}).`;
    throw new SmithersError(code === "EROFS" ? "DB_READ_ONLY" : "DB_UNAVAILABLE", problem, { cause });
  }
}

/**
 * Removes the rollback journal of a database that has a write-ahead log instead. SQLite would play it back, and a
 * command that was running when the database was created could have put it there.
 */
export function removeStrayJournal(file: string): void {
  const journal = `${file}-journal`;
  const stats = lstatSync(journal, { throwIfNoEntry: false });
  if (stats && (stats.size > 0 || !stats.isFile()) && hasLog(file)) rmSync(journal, { recursive: true, force: true });
}

function hasLog(file: string): boolean {
  try {
    return sqliteHeader(file)?.hasLog ?? false;
  } catch {
    // Opening the database says why.
    return false;
  }
}

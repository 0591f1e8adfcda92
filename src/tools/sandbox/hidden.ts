import { realpathSync } from "node:fs";
import { createPrivateFile, sqliteHeader, throwIfExhausted, throwIfLocked } from "../../files/index.ts";
import { isBelow } from "./paths.ts";

/** Suffixes of the files that SQLite keeps next to a database, and of the database itself. */
export const databaseSuffixes = ["", "-wal", "-shm", "-journal"];

/** What SQLite reads back into a database when it opens one. */
const playedBack = ["-wal", "-journal"];

/**
 * The private files that exist, including those that SQLite keeps next to a database, with links resolved. A database
 * below `writableDir` gets the side files that it lacks, empty: SQLite would play back what a command puts there.
 */
export function existingFiles(privatePaths: readonly string[], writableDir?: string): string[] {
  const found = new Set<string>();
  for (const path of privatePaths) {
    if (path === "") continue;
    if (writableDir !== undefined) keepSideFiles(path, writableDir);
    for (const suffix of databaseSuffixes) {
      try {
        found.add(realpathSync(path + suffix));
      } catch (error) {
        throwIfExhausted(error);
        throwIfLocked(error, path);
        // Not every database has all of these files.
      }
    }
  }
  return [...found];
}

/** Creates the side files that a database below a folder lacks. */
function keepSideFiles(path: string, folder: string): void {
  try {
    const database = realpathSync(path);
    // Files with an environment, which are hidden too, get none.
    if (!isBelow(database, folder) || !sqliteHeader(database)) return;
    for (const suffix of playedBack) keepFile(database + suffix);
  } catch {
    // The database does not exist.
  }
}

function keepFile(path: string): void {
  try {
    createPrivateFile(path);
  } catch {
    // It exists. Or its folder is not writable, for a command neither.
  }
}

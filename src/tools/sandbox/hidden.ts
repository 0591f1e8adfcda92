import { closeSync, existsSync, openSync, realpathSync } from "node:fs";
import { isBelow } from "./paths.ts";

/** Suffixes of the files that SQLite keeps next to a database, and of the database itself. */
export const databaseSuffixes = ["", "-wal", "-shm", "-journal"];

/**
 * The private files that exist, including those that SQLite keeps next to a database, with links resolved. A database
 * below `writableDir` gets an empty journal if it has none: SQLite would play back a journal that a command has made.
 */
export function existingFiles(privatePaths: readonly string[], writableDir?: string): string[] {
  const found = new Set<string>();
  for (const path of privatePaths) {
    if (path === "") continue;
    if (writableDir !== undefined) keepJournal(path, writableDir);
    for (const suffix of databaseSuffixes) {
      try {
        found.add(realpathSync(path + suffix));
      } catch {
        // Not every database has all of these files.
      }
    }
  }
  return [...found];
}

function keepJournal(path: string, writableDir: string): void {
  try {
    const database = realpathSync(path);
    // Only a database that is in use in this mode has a -wal file.
    if (isBelow(database, writableDir) && existsSync(`${database}-wal`))
      closeSync(openSync(`${database}-journal`, "a", 0o600));
  } catch {
    // The database does not exist.
  }
}

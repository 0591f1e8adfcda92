import { closeSync, existsSync, openSync, realpathSync } from "node:fs";
import { isBelow } from "./paths.ts";

/** What a SQLite database keeps beside its file. */
export const databaseSuffixes = ["", "-wal", "-shm", "-journal"];

/**
 * The private files that exist, with what SQLite keeps beside a database, where they really lie. A database below
 * `writableDir` is given an empty journal if it has none: SQLite would play back one that a command has made.
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
        // Not every database has all of them.
      }
    }
  }
  return [...found];
}

function keepJournal(path: string, writableDir: string): void {
  try {
    const database = realpathSync(path);
    // Only a database in use, and in this mode, has one of these.
    if (isBelow(database, writableDir) && existsSync(`${database}-wal`))
      closeSync(openSync(`${database}-journal`, "a", 0o600));
  } catch {
    // There is no such database.
  }
}

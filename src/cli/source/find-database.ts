import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { usageError } from "../errors.ts";

/** Default name of a database file. */
export const databaseName = "smithers.db";

export interface FoundDatabase {
  /** Absolute path. */
  readonly file: string;
  /** Other databases of this name further up, which are not used. */
  readonly others: readonly string[];
}

/** The nearest `smithers.db` in `folder` or above it; undefined when there is none. */
export function nearestDatabase(folder = process.cwd()): FoundDatabase | undefined {
  const found: string[] = [];
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, databaseName);
    if (existsSync(file)) found.push(file);
    if (at === dirname(at)) break;
  }
  const [file, ...others] = found;
  return file === undefined ? undefined : { file, others };
}

/**
 * The database that --db names, or else the nearest one.
 * @throws DB_NOT_FOUND
 */
export function chosenDatabase(db: string | undefined): FoundDatabase {
  if (db !== undefined) {
    const file = resolve(db);
    if (existsSync(file)) return { file, others: [] };
    throw usageError(`There is no file ${db}.`, "DB_NOT_FOUND");
  }
  const nearest = nearestDatabase();
  if (nearest) return nearest;
  throw usageError(`There is no ${databaseName} in this folder or above it.`, "DB_NOT_FOUND");
}

/** A path relative to the current folder, if that is shorter. */
export function shortPath(file: string): string {
  const way = relative(process.cwd(), file);
  return way.length < file.length ? way || "." : file;
}

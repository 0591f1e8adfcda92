import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { isPostgresUrl, withoutPassword } from "../../store/postgres/url.ts";
import { usageError } from "../errors.ts";

/** Default name of a database file. */
export const databaseName = "smithers.db";

/**
 * The database that is named: by --db, or else by SMITHERS_DB, which shows a password to no one who lists the processes.
 */
export function namedDatabase(db: string | undefined): string | undefined {
  return db ?? (process.env.SMITHERS_DB || undefined);
}

/** What a database is opened by: an address of Postgres as it is, and a file's absolute path. */
export function absoluteDatabase(db: string): string {
  return isPostgresUrl(db) ? db : resolve(db);
}

/** The folder of a database file; the current one for an address. */
export function databaseFolder(database: string): string {
  return isPostgresUrl(database) ? process.cwd() : dirname(database);
}

export interface NearestDatabase {
  /** Absolute path, or an address of Postgres. */
  readonly file: string;
  /** Other databases of this name further up, which are not used. */
  readonly others: readonly string[];
}

/** The nearest `smithers.db` in `folder` or above it; undefined when there is none. */
export function nearestDatabase(folder = process.cwd()): NearestDatabase | undefined {
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
export function chosenDatabase(db: string | undefined): NearestDatabase {
  if (db !== undefined) {
    const file = absoluteDatabase(db);
    if (isPostgresUrl(file) || existsSync(file)) return { file, others: [] };
    throw usageError(`There is no file ${db}.`, "DB_NOT_FOUND");
  }
  const nearest = nearestDatabase();
  if (nearest) return nearest;
  throw usageError(`There is no ${databaseName} in this folder or above it.`, "DB_NOT_FOUND");
}

/** A path relative to the current folder, if that is shorter; an address without its password. */
export function shortPath(file: string): string {
  if (isPostgresUrl(file)) return withoutPassword(file);
  const way = relative(process.cwd(), file);
  return way.length < file.length ? way || "." : file;
}

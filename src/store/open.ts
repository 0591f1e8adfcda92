import { readField, SmithersError } from "../errors/index.ts";
import { runtime } from "../runtime/index.ts";
import { openSqlite } from "./sqlite/open.ts";
import type { LocalStore } from "./store.ts";

export interface StoreOptions {
  /**
   * `full` (the default): what was accepted survives a power cut. `normal`: it survives a crash of the
   * process, and commits are cheaper.
   */
  synchronous?: "full" | "normal";
}

export interface OpenOptions extends StoreOptions {
  /** Opens only a file that is there and that is ours, or empty: no file is made, and none of another program changed. */
  existing?: boolean;
}

/** A Drizzle database, seen from here: what holds its client. */
export interface DrizzleDatabase {
  readonly $client: unknown;
}

/**
 * Opens the database at `source`: a file's path, or a Drizzle database for bun-sqlite whose connection is used and
 * left open.
 * @throws INVALID_OPTIONS, as {@link checkSource}; DB_NOT_A_DATABASE, DB_TOO_NEW, DB_READ_ONLY, DB_UNAVAILABLE,
 *   DB_BUSY; with `existing` also DB_NOT_FOUND
 */
export async function openStore(source: string | DrizzleDatabase, options: OpenOptions = {}): Promise<LocalStore> {
  return openSqlite(connectionOf(source), options);
}

/**
 * Refuses what no store can be opened from, without opening anything.
 * @throws INVALID_OPTIONS
 */
export function checkSource(source: string | DrizzleDatabase): void {
  connectionOf(source);
}

/** What SQLite is opened with: a path, or the connection that a Drizzle database holds. */
function connectionOf(source: string | DrizzleDatabase): string | object {
  if (typeof source === "string") return source;
  const client = readField(source, "$client");
  if (runtime.sqlite.isConnection(client)) return client as object;
  throw new SmithersError("INVALID_OPTIONS", "The option db is no Drizzle database for bun-sqlite.");
}

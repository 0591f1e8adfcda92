import { readField, SmithersError } from "../errors/index.ts";
import { runtime } from "../runtime/index.ts";
import { isPostgresClient } from "./postgres/clients/index.ts";
import { isPostgresUrl, parseAddress } from "./postgres/url.ts";
import { openSqlite } from "./sqlite/open.ts";
import type { LocalStore } from "./store.ts";

export interface StoreOptions {
  /**
   * Durability of a commit. `full` (default): it survives a power cut. `normal`: it survives a crash of the process,
   * and is cheaper.
   */
  synchronous?: "full" | "normal";
  /** Schema of the tables in a Postgres database. Default: the address's parameter `schema`, or `smithers`. */
  schema?: string;
}

export interface OpenOptions extends StoreOptions {
  /** Opens only an existing file that is ours or empty. Creates no file, and changes none of another program. */
  existing?: boolean;
  /** Opens only the database that has this identity, and changes nothing in another one. An empty one gets it. */
  databaseId?: string;
}

/** A Drizzle database; only its client is used. */
export interface DrizzleDatabase {
  readonly $client: unknown;
}

/**
 * Opens the database at `source`: the path of a SQLite file, a `postgres://` address, or a Drizzle database, whose
 * connection is used and not closed.
 * @throws INVALID_OPTIONS, see {@link checkSource}, and when the Postgres library is not installed;
 *   DB_NOT_A_DATABASE, DB_TOO_NEW, DB_READ_ONLY, DB_UNAVAILABLE, DB_BUSY; with `existing` also DB_NOT_FOUND; with
 *   `databaseId` also DB_NOT_TRUSTED
 */
export async function openStore(source: string | DrizzleDatabase, options: OpenOptions = {}): Promise<LocalStore> {
  const connection = connectionOf(source);
  if (typeof connection === "string" ? isPostgresUrl(connection) : isPostgresClient(connection)) {
    // Loaded when it is used: most commands work on a file.
    const { openPostgres } = await import("./postgres/open.ts");
    return openPostgres(connection, options);
  }
  return openSqlite(connection, options);
}

/**
 * Refuses a source that no store can be opened from, without opening anything.
 * @throws INVALID_OPTIONS
 */
export function checkSource(source: string | DrizzleDatabase): void {
  connectionOf(source);
}

/** A path, an address, or the connection of a Drizzle database. */
function connectionOf(source: string | DrizzleDatabase): string | object {
  if (typeof source === "string") {
    if (isPostgresUrl(source)) parseAddress(source);
    return source;
  }
  const client = readField(source, "$client");
  if (runtime.sqlite.isConnection(client) || isPostgresClient(client)) return client as object;
  throw new SmithersError(
    "INVALID_OPTIONS",
    "The option db is not a Drizzle database for bun-sqlite, postgres-js, node-postgres or bun-sql.",
  );
}

import { Database } from "bun:sqlite";
import { resolve } from "node:path";
import type { Driver, SqlValue } from "../driver.ts";

/** Opens, or creates, the SQLite file at `path`. */
export function openBunSqlite(path: string): Driver {
  return new BunSqliteDriver(new Database(path, { create: true, readwrite: true }), true);
}

/** Recognises what a Drizzle database for bun-sqlite keeps as its client. */
export function isBunDatabase(client: unknown): client is Database {
  return client instanceof Database;
}

/** Uses a connection that somebody else opened, and will close. */
export function borrowBunSqlite(client: Database): Driver {
  return new BunSqliteDriver(client, false);
}

class BunSqliteDriver implements Driver {
  readonly filename: string;
  readonly #database: Database;
  readonly #owned: boolean;

  constructor(database: Database, owned: boolean) {
    this.#database = database;
    this.#owned = owned;
    this.filename = database.filename === ":memory:" || database.filename === "" ? "" : resolve(database.filename);
  }

  all<Row>(sql: string, ...params: SqlValue[]): Row[] {
    return this.#database.query<Row, SqlValue[]>(sql).all(...params);
  }

  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined {
    return this.#database.query<Row, SqlValue[]>(sql).get(...params) ?? undefined;
  }

  run(sql: string, ...params: SqlValue[]): number {
    return this.#database.query<unknown, SqlValue[]>(sql).run(...params).changes;
  }

  exec(sql: string): void {
    this.#database.run(sql);
  }

  dataVersion(): number {
    return this.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  close(): void {
    if (this.#owned) this.#database.close();
  }
}

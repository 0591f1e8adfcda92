import { Database, type Statement } from "bun:sqlite";
import { resolve } from "node:path";
import type { Driver, SqlValue } from "../sqlite-driver.ts";

/** Opens, or creates, the SQLite file at `path`. */
export function openBunSqlite(path: string): Driver {
  return new BunSqliteDriver(new Database(path, { create: true, readwrite: true }), true);
}

/** A connection of the runtime's own SQLite library. */
export type BunDatabase = Database;

/** Recognises what a Drizzle database for bun-sqlite keeps as its client. */
export function isBunDatabase(client: unknown): client is Database {
  return client instanceof Database;
}

/** Uses a connection that somebody else opened, and will close. */
export function borrowBunSqlite(client: Database): Driver {
  return new BunSqliteDriver(client, false);
}

/** Statements kept prepared. A turn's texts vary with the columns that it sets; Bun's own cache holds twenty. */
const keptStatements = 200;

const memoryIds = new WeakMap<Database, string>();
let memories = 0;

/** Two drivers may use one connection to a database that is kept in memory. */
function memoryId(database: Database): string {
  const known = memoryIds.get(database);
  if (known !== undefined) return known;
  memories += 1;
  const id = `:memory:${memories}`;
  memoryIds.set(database, id);
  return id;
}

class BunSqliteDriver implements Driver {
  readonly filename: string;
  readonly id: string;
  readonly #database: Database;
  readonly #owned: boolean;
  /** By text, the one prepared first first. */
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database, owned: boolean) {
    this.#database = database;
    this.#owned = owned;
    this.filename = database.filename === ":memory:" || database.filename === "" ? "" : resolve(database.filename);
    this.id = this.filename || memoryId(database);
  }

  all<Row>(sql: string, ...params: SqlValue[]): Row[] {
    return this.#prepared(sql).all(...params) as Row[];
  }

  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined {
    return (this.#prepared(sql).get(...params) as Row | null) ?? undefined;
  }

  run(sql: string, ...params: SqlValue[]): number {
    return this.#prepared(sql).run(...params).changes;
  }

  exec(sql: string): void {
    this.#database.run(sql);
  }

  dataVersion(): number {
    return this.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    if (this.#owned) this.#database.close();
  }

  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > keptStatements) {
      const [oldest, dropped] = this.#statements.entries().next().value!;
      this.#statements.delete(oldest);
      dropped.finalize();
    }
    return statement;
  }
}

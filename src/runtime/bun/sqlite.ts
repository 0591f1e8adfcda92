import type { Database, Statement } from "bun:sqlite";
import { resolve } from "node:path";
import { readField } from "../../errors/index.ts";
import type { Driver, SqliteLibrary, SqlValue } from "../sqlite.ts";
import { isBusy, isDuplicateKey, toStoreError } from "./sqlite-errors.ts";

/** What the driver uses of a connection. */
type Connection = Pick<Database, "filename" | "prepare" | "run" | "close">;

export const bunSqlite: SqliteLibrary = {
  open: (path) => new BunSqliteDriver(new (library().Database)(path, { create: true, readwrite: true }), true),
  isConnection,
  borrow: (connection) => new BunSqliteDriver(connection as Connection, false),
  toStoreError,
  isBusy,
  isDuplicateKey,
};

/** Loaded at the first use: the command prints its help where there is no Bun. */
function library(): typeof import("bun:sqlite") {
  return process.getBuiltinModule("bun:sqlite") as typeof import("bun:sqlite");
}

function isConnection(value: unknown): boolean {
  const methods = ["prepare", "run", "close"].map((name) => readField(value, name));
  return typeof readField(value, "filename") === "string" && methods.every((method) => typeof method === "function");
}

/** Number of statements kept prepared. A turn's texts vary with the columns that it sets; Bun's own cache holds 20. */
const keptStatements = 200;

const memoryIds = new WeakMap<Connection, string>();
let memories = 0;

/** Names a database in memory by its connection, for two drivers may use one. */
function memoryId(database: Connection): string {
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
  readonly #database: Connection;
  readonly #owned: boolean;
  /** By text, in the order of preparation. */
  readonly #statements = new Map<string, Statement>();

  constructor(database: Connection, owned: boolean) {
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

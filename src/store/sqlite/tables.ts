import type { Driver } from "../../runtime/index.ts";
import type { Table } from "../columns.ts";
import { tables } from "../tables.ts";

/** A table of a SQLite database. */
interface SqliteTable<Entity> extends Pick<Table<Entity>, "select" | "decode"> {
  insert(driver: Driver, entity: Entity): void;
  /** Inserts a row, or replaces all of its columns but the key. */
  upsert(driver: Driver, entity: Entity): void;
}

function inSqlite<Entity>({ name, columns, key, select, encode, decode }: Table<Entity>): SqliteTable<Entity> {
  const insert = `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  const changes = columns.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  const upsert = `${insert} ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${changes.join(", ")}`;
  return {
    select,
    decode,
    insert: (driver, entity) => void driver.run(insert, ...encode(entity)),
    upsert: (driver, entity) => void driver.run(upsert, ...encode(entity)),
  };
}

export const runs = inSqlite(tables.runs);
export const nodes = inSqlite(tables.nodes);
export const attempts = inSqlite(tables.attempts);
export const toolCalls = inSqlite(tables.toolCalls);
export const outputs = inSqlite(tables.outputs);
export const approvals = inSqlite(tables.approvals);
export const signals = inSqlite(tables.signals);

import { SmithersError } from "../../errors/index.ts";
import type { SchemaRecord } from "../requests.ts";
import type { CopiedRow, CopiedTable } from "./tables.ts";

/** A database that is copied from or to. Nothing else uses it meanwhile. */
export interface CopySide {
  /** For people, without a password. */
  readonly name: string;
  /** The database's identity. */
  readonly id: string;
  /** The columns of a table that are copied. */
  columnsOf(table: CopiedTable): Promise<readonly string[]>;
  count(table: CopiedTable): Promise<number>;
  /** Rows in the order of the key, after the one with this key. */
  rowsAfter(
    table: CopiedTable,
    columns: readonly string[],
    after: CopiedRow | undefined,
    limit: number,
  ): Promise<readonly CopiedRow[]>;
  /** The greatest key; undefined when the table is empty. */
  lastKey(table: CopiedTable): Promise<CopiedRow | undefined>;
  /** Adds rows in one transaction. A row that exists stays as it is. */
  insert(table: CopiedTable, columns: readonly string[], rows: readonly CopiedRow[]): Promise<void>;
  schemas(): Promise<readonly SchemaRecord[]>;
  /** The identity of the database whose copy has begun here and is not complete. */
  unfinishedFrom(): Promise<string | undefined>;
  /** Notes that a copy begins. */
  begin(sourceId: string): Promise<void>;
  /** Counts what refers to what, and sets generated numbers. Runs may be added then. */
  settle(): Promise<void>;
  /** Notes that the copy is complete. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Names the table that marks an unfinished copy. */
export const markTable = "_smithers_copy";

export function databaseInUse(name: string): SmithersError {
  const message = `Another process uses the database ${name}. Stop the servers and commands that use it, and copy again.`;
  return new SmithersError("DB_BUSY", message);
}

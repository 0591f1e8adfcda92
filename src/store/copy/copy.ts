import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { SmithersError } from "../../errors/index.ts";
import { wellFormed } from "../../text/well-formed.ts";
import { faultPoint } from "../fault.ts";
import { openStore } from "../open.ts";
import { isPostgresUrl } from "../postgres/url.ts";
import type { SchemaRecord } from "../requests.ts";
import { openPostgresSide } from "./postgres-side.ts";
import type { CopySide } from "./side.ts";
import { openSqliteSide } from "./sqlite-side.ts";
import { type CopiedRow, type CopiedTable, copiedTables } from "./tables.ts";

/** Rows that one transaction copies. */
const batchRows = 200;

export interface CopyOptions {
  /** Counts only, and changes nothing. */
  readonly dryRun?: boolean;
  /** Called after each batch. */
  onProgress?(step: "copy" | "verify", table: string, done: number, of: number): void;
}

export interface CopyResult {
  /** Names for people. */
  readonly from: string;
  readonly to: string;
  /** Whether an unfinished copy was continued. */
  readonly resumed: boolean;
  /** Number of rows, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** SHA-256 of all rows, equal on both sides; absent for a dry run. */
  readonly sha256?: string;
}

/**
 * Copies a database that no process uses into another one, which is empty or has an unfinished copy of it. What was
 * copied before an interruption stays.
 * @param from path of a file, or `postgres://` address
 * @param to likewise; created if it does not exist
 * @throws DB_BUSY while another process uses one of them; INVALID_OPTIONS when `to` has other contents;
 *   DB_CORRUPT when the copy is not equal to the original
 */
export async function copyDatabase(from: string, to: string, options: CopyOptions = {}): Promise<CopyResult> {
  await bringUpToDate(from, { existing: true });
  const source = await openSide(from);
  try {
    if (options.dryRun) return await count(source, to);
    await bringUpToDate(to, { schemas: await source.schemas() });
    const target = await openSide(to);
    try {
      return await copyAll(source, target, options);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Brings the tables to this release's, and makes the views. */
async function bringUpToDate(
  database: string,
  { existing, schemas = [] }: { existing?: boolean; schemas?: readonly SchemaRecord[] },
): Promise<void> {
  const store = await openStore(database, { existing });
  try {
    await store.registerSchemas(schemas);
  } finally {
    await store.close();
  }
}

function openSide(database: string): CopySide | Promise<CopySide> {
  return isPostgresUrl(database) ? openPostgresSide(database) : openSqliteSide(database);
}

async function count(source: CopySide, to: string): Promise<CopyResult> {
  const rows: Record<string, number> = {};
  for (const table of copiedTables) rows[table.name] = await source.count(table);
  const target = await existingSide(to);
  try {
    const resumed = target ? await refuseOther(source, target) : false;
    return { from: source.name, to: target?.name ?? to, resumed, rows };
  } finally {
    await target?.close();
  }
}

async function existingSide(database: string): Promise<CopySide | undefined> {
  if (!isPostgresUrl(database) && !existsSync(database)) return undefined;
  try {
    await bringUpToDate(database, { existing: true });
  } catch (error) {
    if (error instanceof SmithersError && error.code === "DB_NOT_FOUND") return undefined;
    throw error;
  }
  return openSide(database);
}

/** Refuses a target with other contents. @returns whether it has an unfinished copy */
async function refuseOther(source: CopySide, target: CopySide): Promise<boolean> {
  if (source.id === target.id) {
    throw new SmithersError("INVALID_OPTIONS", "The copy and its original are the same database.");
  }
  const unfinished = await target.unfinishedFrom();
  if (unfinished === source.id) return true;
  if (unfinished !== undefined) {
    throw new SmithersError(
      "INVALID_OPTIONS",
      `${target.name} has an unfinished copy of another database. Copy into an empty one.`,
    );
  }
  for (const table of copiedTables) {
    if ((await target.count(table)) === 0) continue;
    throw new SmithersError("INVALID_OPTIONS", `${target.name} is not empty. Copy into an empty database.`);
  }
  return false;
}

async function copyAll(source: CopySide, target: CopySide, options: CopyOptions): Promise<CopyResult> {
  const resumed = await refuseOther(source, target);
  if (!resumed) await target.begin(source.id);
  for (const table of copiedTables) {
    if (table.name === "runs") await target.settle();
    await copyTable(source, target, table, options);
  }
  const rows: Record<string, number> = {};
  const sums = createHash("sha256");
  for (const table of copiedTables) {
    const columns = [...(await source.columnsOf(table))].sort();
    const [original, copied] = [await sumOf(source, table, columns, options), await sumOf(target, table, columns)];
    if (original.count !== copied.count || original.sha256 !== copied.sha256) throw differs(source, target, table);
    rows[table.name] = original.count;
    sums.update(`${table.name} ${original.count} ${original.sha256}\n`);
  }
  await target.finish();
  return { from: source.name, to: target.name, resumed, rows, sha256: sums.digest("hex") };
}

async function copyTable(
  source: CopySide,
  target: CopySide,
  table: CopiedTable,
  { onProgress }: CopyOptions,
): Promise<void> {
  const columns = await source.columnsOf(table);
  const total = await source.count(table);
  let done = await target.count(table);
  let after = await target.lastKey(table);
  for (;;) {
    const rows = await source.rowsAfter(table, columns, after, batchRows);
    if (rows.length > 0) await target.insert(table, columns, rows.map(storable));
    faultPoint("copied-batch");
    done += rows.length;
    onProgress?.("copy", table.name, done, total);
    if (rows.length < batchRows) return;
    after = keyOf(table, columns, rows.at(-1)!);
  }
}

const keyOf = (table: CopiedTable, columns: readonly string[], row: CopiedRow): CopiedRow =>
  table.key.map((column) => row[columns.indexOf(column)]!);

const storable = (row: CopiedRow): CopiedRow =>
  row.map((value) => (typeof value === "string" ? wellFormed(value) : value));

async function sumOf(
  side: CopySide,
  table: CopiedTable,
  columns: readonly string[],
  { onProgress }: CopyOptions = {},
): Promise<{ count: number; sha256: string }> {
  const hash = createHash("sha256");
  const total = onProgress ? await side.count(table) : 0;
  let count = 0;
  let after: CopiedRow | undefined;
  for (;;) {
    const rows = await side.rowsAfter(table, columns, after, batchRows);
    for (const row of rows) hash.update(`${JSON.stringify(storable(row))}\n`);
    count += rows.length;
    onProgress?.("verify", table.name, count, total);
    if (rows.length < batchRows) return { count, sha256: hash.digest("hex") };
    after = keyOf(table, columns, rows.at(-1)!);
  }
}

function differs(source: CopySide, target: CopySide, { name }: CopiedTable): SmithersError {
  return new SmithersError(
    "DB_CORRUPT",
    `The ${name.replaceAll("_", " ")} in ${target.name} are not those in ${source.name}: one of them has changed since the copy began. Copy into an empty database again.`,
    { advice: "Copy into an empty database again." },
  );
}

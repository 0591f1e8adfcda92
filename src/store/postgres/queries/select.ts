import type { Table } from "../../columns.ts";
import { tables } from "../../tables.ts";

/** All rows of a SELECT as one JSON array. */
export const rowsAsJson = (select: string) => `(SELECT coalesce(json_agg(t), '[]') FROM (${select}) t)`;

/** The only row of a SELECT as a JSON object. */
export const rowAsJson = (select: string) => `(SELECT row_to_json(t) FROM (${select}) t)`;

/** The last heartbeat of a run, from the table `r`: its owner's row has one for all of its runs. */
export const heartbeat =
  "greatest(r.heartbeat_at_ms, (SELECT o.beat_at_ms FROM _smithers_owners o WHERE o.owner = r.owner))";

/** The columns of a run. */
export const runColumns = tables.runs.select.replace("heartbeat_at_ms AS", `${heartbeat} AS`);

/** One run; its id is the first parameter. */
export const runJson = rowAsJson(`SELECT ${runColumns} FROM _smithers_runs r WHERE r.run_id = $1::text`);

/** The rows of a table that belong to the run whose id is the first parameter. */
export function ofRun<Entity>(table: Table<Entity>, more = ""): string {
  return rowsAsJson(`SELECT ${table.select} FROM ${table.name} t0 WHERE run_id = $1::text ${more}`);
}

export type JsonRow = Record<string, unknown>;

export function decodeAll<Entity>(table: Table<Entity>, rows: readonly JsonRow[]): Entity[] {
  return rows.map((row) => table.decode(row));
}

export function decodeOne<Entity>(table: Table<Entity>, row: JsonRow | null | undefined): Entity | undefined {
  return row ? table.decode(row) : undefined;
}

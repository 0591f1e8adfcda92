import type { CommittedEvent, NewEvent } from "../../../model/index.ts";
import type { ColumnValue, Table } from "../../columns.ts";
import { committedEvents } from "../../committed-events.ts";

/** A row as the functions take it: its columns by name. A column that is left out is NULL. */
export type EncodedRow = Readonly<Record<string, ColumnValue>>;

export function encodeRow<Entity>(table: Table<Entity>, entity: Entity): EncodedRow {
  const row: Record<string, ColumnValue> = {};
  for (const [index, value] of table.encode(entity).entries()) if (value !== null) row[table.columns[index]!] = value;
  return row;
}

/** Rows, each key only once: one statement cannot write a row twice. The last one counts. */
export function encodeRows<Entity>(table: Table<Entity>, entities: readonly Entity[]): EncodedRow[] {
  const rows = entities.map((entity) => encodeRow(table, entity));
  if (rows.length < 2) return rows;
  const byKey = new Map(rows.map((row) => [JSON.stringify(table.key.map((column) => row[column])), row]));
  return byKey.size === rows.length ? rows : [...byKey.values()];
}

/** Events before they have numbers. */
export interface EventsToAppend {
  /** As the functions take them: the type and the JSON of each, encoded once. */
  readonly encoded: readonly (readonly [type: string, json: string])[];
  /** The events with their numbers, up to `lastSeq`. */
  numbered(lastSeq: number): CommittedEvent[];
}

export function eventsToAppend(runId: string, events: readonly NewEvent[], nowMs: number): EventsToAppend {
  const first = committedEvents(runId, events, events.length, nowMs);
  return {
    encoded: first.map(({ type, json }) => [type, json]),
    numbered: (lastSeq) => first.map((event) => ({ ...event, seq: event.seq + lastSeq - events.length })),
  };
}

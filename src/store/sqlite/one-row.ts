import type { Driver, SqlValue } from "../../runtime/index.ts";

/** Runs a query that always has a row, such as a count or a PRAGMA, and returns it. */
export function oneRow<T extends object>(driver: Driver, sql: string, ...params: SqlValue[]): T {
  const row = driver.get<T>(sql, ...params);
  if (!row) throw new Error(`A query had no row: ${sql}`);
  return row;
}

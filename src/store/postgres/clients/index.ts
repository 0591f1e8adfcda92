import type { PgClient } from "../client.ts";
import { BunSqlClient, isBunSql } from "./bun-sql.ts";
import { isNodePostgresPool, NodePostgresClient } from "./node-postgres.ts";
import { isPostgresJs, PostgresJsClient } from "./postgres-js.ts";

/** Whether a value is the client of a Drizzle database on Postgres, judged by its shape. Never throws. */
export function isPostgresClient(value: unknown): boolean {
  return isPostgresJs(value) || isNodePostgresPool(value) || isBunSql(value);
}

/** Uses a client that the caller has made, and will close; undefined for a value of any other kind. */
export function borrowClient(value: unknown): PgClient | undefined {
  if (isPostgresJs(value)) return new PostgresJsClient(value);
  if (isNodePostgresPool(value)) return new NodePostgresClient(value);
  if (isBunSql(value)) return new BunSqlClient(value);
  return undefined;
}

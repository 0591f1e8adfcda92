import { test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";

/** The server on which tests run that would use a SQLite file otherwise; see `test/postgres/suites.test.ts`. */
export const onPostgres =
  process.env.SMITHERS_TEST_DATABASE === "postgres" ? process.env.SMITHERS_TEST_POSTGRES : undefined;

/** The `test` of bun:test for a test that is about SQLite, or about a process that does nothing else. */
export const testOnFile = test.skipIf(onPostgres !== undefined) as typeof test;

/** The database of a folder: its `smithers.db`, or a schema of its own. */
export function databaseOf(folder: string): string {
  if (onPostgres === undefined) return join(folder, "smithers.db");
  return `${onPostgres}?schema=t_${createHash("sha1").update(folder).digest("hex").slice(0, 20)}`;
}

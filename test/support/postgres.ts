import { test } from "bun:test";
import { randomUUID } from "node:crypto";
import { startPostgres } from "./postgres-server.ts";
import { needs } from "./programs.ts";

/** The `test` of bun:test for a test that uses Postgres: skipped where it is not installed. */
export const testOnPostgres = needs("postgres");

/** Whether this is `npm run test:postgres`, which also has the tests that take many seconds. */
export const isSlowSet = process.env.SMITHERS_TEST_DATABASE === "postgres";

/** {@link testOnPostgres} for a test that takes many seconds: only `npm run test:postgres` runs it. */
export const slowTestOnPostgres = isSlowSet ? testOnPostgres : (test.skip as typeof test);

let address: Promise<string> | undefined;

/** The address of a server that all tests share: the one that the test run has started, or this process's own. */
export function sharedServer(): Promise<string> {
  const given = process.env.SMITHERS_TEST_POSTGRES;
  if (given) return Promise.resolve(given);
  address ??= startPostgres().then((server) => server.url());
  return address;
}

/** The name of a schema that does not exist yet. */
export function newSchema(): string {
  return `t_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** The address of a schema that does not exist yet. */
export async function postgresDatabase(): Promise<string> {
  return `${await sharedServer()}?schema=${newSchema()}`;
}

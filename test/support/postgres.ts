import { test } from "bun:test";
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterThisTest } from "./cleanup.ts";
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

/** Schemas of this process that a test has used and that are empty again. */
const emptied: string[] = [];

/**
 * The name of a schema without runs: one that does not exist yet, or one that another test of this process has used,
 * emptied, because the migrations take longer than most tests. For tests that close all stores and end all processes
 * that use it.
 */
export function emptySchema(): string {
  const schema = emptied.pop() ?? newSchema();
  afterThisTest(async () => {
    await emptySchemaAgain(schema);
    emptied.push(schema);
  });
  return schema;
}

let admin: Promise<postgres.Sql> | undefined;

/** Leaves a schema without rows, as the migrations have made it, with another identity. */
async function emptySchemaAgain(schema: string): Promise<void> {
  admin ??= sharedServer().then((url) => postgres(url, { max: 1, fetch_types: false, onnotice() {} }));
  const sql = await admin;
  await sql.unsafe(`DO $block$
    DECLARE
      v_table text;
    BEGIN
      IF to_regnamespace('${schema}') IS NULL THEN RETURN; END IF;
      FOR v_table IN SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('${schema}') AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
          AND c.relname NOT IN ('_smithers_migrations', '_smithers_identity')
      LOOP
        -- A new file for each table costs more than to delete a few rows.
        IF pg_relation_size(v_table::regclass) < 200000 THEN EXECUTE 'DELETE FROM ' || v_table;
        ELSE EXECUTE 'TRUNCATE ' || v_table;
        END IF;
      END LOOP;
      UPDATE "${schema}"._smithers_identity SET database_id = replace(gen_random_uuid()::text, '-', '');
    END;
    $block$`);
}

/** The address of a schema that does not exist yet. */
export async function postgresDatabase(): Promise<string> {
  return `${await sharedServer()}?schema=${newSchema()}`;
}

/**
 * A database of the test's own on the shared server, whose connections the test may end: those of other tests go on.
 * @returns its address, an administrator's client in it, and what ends the connections of all stores on it
 */
export async function ownDatabase() {
  const name = `d_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const url = new URL(await sharedServer());
  const creator = postgres(url.href, { max: 1, onnotice() {} });
  await creator.unsafe(`CREATE DATABASE ${name}`);
  await creator.end();
  url.pathname = name;
  const sql = postgres(url.href, { max: 1, onnotice() {} });
  afterThisTest(() => sql.end());
  const endConnections = () => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'smithers' AND datname = current_database()`;
  return { db: url.href, sql, endConnections };
}

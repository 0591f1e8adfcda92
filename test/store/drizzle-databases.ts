import { afterAll } from "bun:test";
import { SQL } from "bun";
import { drizzle as bunSql } from "drizzle-orm/bun-sql";
import { drizzle as nodePostgres } from "drizzle-orm/node-postgres";
import { drizzle as postgresJs } from "drizzle-orm/postgres-js";
import pg from "pg";
import postgres from "postgres";
import type { DrizzleDatabase } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";

interface Made {
  readonly db: DrizzleDatabase;
  end(): Promise<unknown>;
}

/** Makes a Drizzle database of each kind, and its client. */
export const makers: Record<string, (url: string) => Made> = {
  "postgres-js": (url) => {
    const client = postgres(url, { max: 3 });
    return { db: postgresJs(client), end: () => client.end() };
  },
  "node-postgres": (url) => {
    const client = new pg.Pool({ connectionString: url, max: 3 });
    return { db: nodePostgres(client), end: () => client.end() };
  },
  "bun-sql": (url) => {
    const client = new SQL(url, { max: 3 });
    return { db: bunSql(client), end: () => client.end() };
  },
};

/**
 * Lends each store a client of its own. When the test is over, the next one takes the client: what a connection plans
 * and compiles when it is new costs more than most tests.
 */
export function lender(make: (url: string) => Made) {
  const all: Made[] = [];
  const free: Made[] = [];
  afterAll(async () => {
    for (const { end } of all) await end();
  });
  return (url: string): DrizzleDatabase => {
    const made = free.pop() ?? make(url);
    if (!all.includes(made)) all.push(made);
    afterThisTest(() => free.push(made));
    return made.db;
  };
}

import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { drizzle as bunSql } from "drizzle-orm/bun-sql";
import { drizzle as nodePostgres } from "drizzle-orm/node-postgres";
import { drizzle as postgresJs } from "drizzle-orm/postgres-js";
import pg from "pg";
import postgres from "postgres";
import { canRun } from "../../scripts/programs.ts";
import { type DrizzleDatabase, openStore } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { emptySchema, newSchema, sharedServer } from "../support/postgres.ts";
import { concurrency } from "./suite/concurrency.ts";
import { freshDatabase } from "./suite/database.ts";
import { starts } from "./suite/starts.ts";
import { turns } from "./suite/turns.ts";
import { startRun } from "./suite/writes.ts";

/** A Drizzle database of each kind, whose client the test makes and closes. */
const makers: Record<string, (url: string) => DrizzleDatabase> = {
  "postgres-js": (url) => {
    const client = postgres(url, { max: 3 });
    afterThisTest(() => client.end());
    return postgresJs(client);
  },
  "node-postgres": (url) => {
    const client = new pg.Pool({ connectionString: url, max: 3 });
    afterThisTest(() => client.end());
    return nodePostgres(client);
  },
  "bun-sql": (url) => {
    const client = new SQL(url, { max: 3 });
    afterThisTest(() => client.end());
    return bunSql(client);
  },
};

describe.skipIf(!canRun("postgres")).each(Object.keys(makers))("a Drizzle database of %s", (kind) => {
  const open = async () => {
    const schema = emptySchema();
    const url = await sharedServer();
    return () => openStore(makers[kind]!(url), { schema });
  };
  const fresh = freshDatabase(open);
  starts(fresh);
  turns(fresh);
  concurrency(fresh);

  test("is named without a password, and its client is still the caller's after the store is closed", async () => {
    const url = new URL(await sharedServer());
    url.password = "hidden-password";
    const db = makers[kind]!(url.href);
    const store = await openStore(db, { schema: newSchema() });
    await startRun(store);
    const described = await store.describe();
    expect(described).toMatchObject({ kind: "Postgres", name: expect.stringContaining(url.port) });
    expect(JSON.stringify(described)).not.toContain("hidden-password");
    await store.close();
    const again = await openStore(db, { schema: newSchema() });
    await startRun(again);
    await again.close();
  });
});

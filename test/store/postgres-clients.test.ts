import { describe, expect, test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { emptySchema, newSchema, sharedServer } from "../support/postgres.ts";
import { lender, makers } from "./drizzle-databases.ts";
import { concurrency } from "./suite/concurrency.ts";
import { freshDatabase } from "./suite/database.ts";
import { starts } from "./suite/starts.ts";
import { turns } from "./suite/turns.ts";
import { startRun } from "./suite/writes.ts";

describe.skipIf(!canRun("postgres")).each(Object.keys(makers))("a Drizzle database of %s", (kind) => {
  const lend = lender(makers[kind]!);
  const open = async () => {
    const schema = emptySchema();
    const url = await sharedServer();
    return () => openStore(lend(url), { schema });
  };
  const fresh = freshDatabase(open);
  // What one store does with databases of postgres-js is shown in postgres.test.ts, with the rest of the suite.
  if (kind !== "postgres-js") {
    starts(fresh);
    turns(fresh);
  }
  concurrency(fresh);

  test("is named without a password, and its client is still the caller's after the store is closed", async () => {
    const url = new URL(await sharedServer());
    url.password = "hidden-password";
    const { db, end } = makers[kind]!(url.href);
    afterThisTest(end);
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

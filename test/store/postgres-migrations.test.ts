import { expect } from "bun:test";
import postgres from "postgres";
import { openStore } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { openedAtOnce } from "../support/opened-at-once.ts";
import { newSchema, ownDatabase, postgresDatabase, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { startRun } from "./suite/writes.ts";

/** A client of the tests' own. */
async function client(url?: string) {
  const sql = postgres(url ?? (await sharedServer()), { max: 1, onnotice() {} });
  afterThisTest(() => sql.end());
  return sql;
}

const versionsOf = async (schema: string) =>
  (await (await client())`SELECT version FROM ${(await client())(schema)}._smithers_migrations ORDER BY version`).map(
    ({ version }) => Number(version),
  );

testOnPostgres("an address without a schema uses the schema smithers", async () => {
  const sql = await client();
  const name = `d_${crypto.randomUUID().slice(0, 8)}`;
  await sql.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(await sharedServer());
  url.pathname = name;
  const store = await openStore(url.href);
  await startRun(store);
  await store.close();
  const inside = await client(url.href);
  expect((await inside`SELECT run_id FROM smithers._smithers_runs`).map((row) => row.run_id)).toEqual(["r"]);
});

testOnPostgres("a schema of a later release is refused with both versions, and left untouched", async () => {
  const schema = newSchema();
  const address = `${await sharedServer()}?schema=${schema}`;
  await (await openStore(address)).close();
  const before = await versionsOf(schema);
  await (await client()).unsafe(`INSERT INTO ${schema}._smithers_migrations VALUES (9000, 1)`);
  await expect(openStore(address)).rejects.toThrow(
    expect.objectContaining({ code: "DB_TOO_NEW", details: { version: 9000, supported: before.at(-1) } }),
  );
  expect(await versionsOf(schema)).toEqual([...before, 9000]);
});

testOnPostgres(
  "several servers may open a new schema at once where transactions are serializable by default",
  async () => {
    const { db, sql } = await ownDatabase();
    await sql.unsafe(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$",
    );
    expect(await openedAtOnce(db, 4)).toEqual([0, 0, 0, 0]);
  },
);

testOnPostgres("several servers may open a new schema at once, and it is migrated once", async () => {
  const schema = newSchema();
  const address = `${await sharedServer()}?schema=${schema}`;
  expect(await openedAtOnce(address, 3)).toEqual([0, 0, 0]);
  const versions = await versionsOf(schema);
  expect(versions).toEqual(versions.map((_, index) => index + 1));
});

testOnPostgres("a store opens although its connections are ended meanwhile", async () => {
  const { db, sql, endConnections } = await ownDatabase();
  // Another server migrates.
  await sql`BEGIN`;
  await sql`SELECT pg_advisory_xact_lock(hashtext('smithers migrations'), hashtext('smithers'))`;
  const opening = openStore(db);
  afterThisTest(async () => (await opening).close());
  const observer = await client();
  const waiting = async () => {
    const found = await observer`SELECT pid FROM pg_stat_activity
      WHERE datname = ${new URL(db).pathname.slice(1)} AND wait_event_type = 'Lock'`;
    return found[0]?.pid as number | undefined;
  };
  let first: number | undefined;
  await eventually(async () => (first = await waiting()) !== undefined);
  await endConnections();
  await eventually(async () => ![undefined, first].includes(await waiting()));
  await sql`COMMIT`;
  await startRun(await opening);
});

testOnPostgres("a role that owns the schema needs no other right", async () => {
  const schema = newSchema();
  const sql = await client();
  await sql.unsafe(`CREATE ROLE ${schema} LOGIN; CREATE SCHEMA ${schema} AUTHORIZATION ${schema};
    REVOKE CREATE ON DATABASE postgres FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  const url = new URL(await sharedServer());
  url.username = schema;
  const store = await openStore(`${url.href}?schema=${schema}`);
  afterThisTest(() => store.close());
  await store.registerSchemas([{ key: "result", hash: "1", columns: ["value"] }]);
  await startRun(store);
  await store.maintenance.pruneBatch(1);
  expect(await store.describe({ integrity: true })).toMatchObject({ damage: null });
  await expect(openStore(`${url.href}?schema=${newSchema()}`)).rejects.toMatchObject({
    code: "DB_UNAVAILABLE",
    message: expect.stringContaining("own the schema"),
  });
});

testOnPostgres("only a schema that exists is opened for reading", async () => {
  const address = await postgresDatabase();
  await expect(openStore(address, { existing: true })).rejects.toMatchObject({ code: "DB_NOT_FOUND" });
  await expect(openStore(address, { existing: true })).rejects.toMatchObject({ code: "DB_NOT_FOUND" });
  await (await openStore(address)).close();
  await (await openStore(address, { existing: true })).close();
});

testOnPostgres("an address that leads nowhere is refused without its password", async () => {
  const wrong = [
    "postgres://u:hidden-password@127.0.0.1:1/x",
    `${(await sharedServer()).replace("smithers@", "smithers:hidden-password@").replace(/\/postgres$/, "/none")}`,
  ];
  for (const address of wrong) {
    const error = await openStore(address).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "DB_UNAVAILABLE" });
    expect(Bun.inspect(error) + error.message).not.toContain("hidden-password");
  }
});

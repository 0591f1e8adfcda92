import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { copiedTables, uncopiedTables } from "../../src/store/copy/tables.ts";
import { openStore } from "../../src/store/index.ts";
import { lockClass } from "../../src/store/postgres/presence.ts";
import { smithers, startSmithers } from "../support/cli.ts";
import type { Client } from "../support/client.ts";
import { waits } from "../support/copied.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, postgresDatabase, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { serveWithoutWorkers } from "../support/server.ts";
import { echo } from "../support/workflows.ts";
import { runRow } from "./rows.ts";

const serve = (root: string, db: string) =>
  ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ db, isolation: "none" }) });

/** A server that no test kills. */
const serveHere = (root: string, db: string) => serveWithoutWorkers(root, { db });

async function eventsOf(server: Client, runId: string, until: (type: string) => boolean) {
  const seen: unknown[] = [];
  for await (const { id, event } of server.events(runId)) {
    seen.push({ id, event });
    if (until(event.type)) break;
  }
  return seen;
}

const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name.replace(/^_smithers_/, "")).sort();
const copied = copiedTables.map(({ name }) => name);

test("each table of a file is copied, or it is said why not", async () => {
  const file = join(folder(), "smithers.db");
  await (await openStore(file)).close();
  const database = new Database(file, { readonly: true });
  const tables = database
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '\\_smithers\\_%' ESCAPE '\\'",
    )
    .all();
  database.close();
  const inFiles = namesOf(tables);
  expect(inFiles.filter((name) => !copied.includes(name) && !(name in uncopiedTables))).toEqual([]);
  expect(copied.filter((name) => !inFiles.includes(name))).toEqual([]);
});

testOnPostgres("each table of a schema is copied, or it is said why not", async () => {
  const schema = newSchema();
  await (await openStore(await sharedServer(), { schema })).close();
  const sql = postgres(await sharedServer(), { max: 1 });
  const tables = await sql<{ name: string }[]>`SELECT tablename AS name FROM pg_tables WHERE schemaname = ${schema}`;
  await sql.end();
  const inSchema = namesOf([...tables]);
  expect(inSchema.filter((name) => !copied.includes(name) && !(name in uncopiedTables))).toEqual([]);
  expect(copied.filter((name) => !inSchema.includes(name))).toEqual([]);
});

/** A database with a finished run and one that waits for a person, a signal and a timer. */
async function filled<Server extends Client>(db: string, serve: (root: string, db: string) => Promise<Server>) {
  const root = folder({ "waits.tsx": waits, "echo.tsx": echo });
  const server = await serve(root, db);
  const key = { "idempotency-key": "k1" };
  const started = await server.post("/v1/runs", { workflowPath: "echo.tsx", input: { msg: "hi" } }, key);
  const done = started.body.runId as string;
  await server.end(done);
  const waiting = await server.start("waits.tsx", { msg: "end" });
  await eventually(async () => (await server.approvals.list()).length === 1);
  const before = {
    runs: (await server.allRuns()).map(({ runId, createdAtMs }) => [runId, createdAtMs]),
    nodes: (await server.get(`/v1/runs/${done}/nodes`)).body,
    frames: (await server.get(`/v1/runs/${waiting}/frames?order=asc`)).body,
    events: await eventsOf(server, done, (type) => type === "RunFinished"),
  };
  return { root, server, key, done, waiting, before };
}

type Filled = Awaited<ReturnType<typeof filled>>;

/** The copy answers as the original did, and the waiting run ends on it. */
async function continuesOn(db: string, { root, key, done, waiting, before }: Omit<Filled, "server">) {
  const server = await serveHere(root, db);
  expect({
    runs: (await server.allRuns()).map(({ runId, createdAtMs }) => [runId, createdAtMs]),
    nodes: (await server.get(`/v1/runs/${done}/nodes`)).body,
    frames: (await server.get(`/v1/runs/${waiting}/frames?order=asc`)).body.slice(0, before.frames.length),
    events: await eventsOf(server, done, (type) => type === "RunFinished"),
  }).toEqual(before);
  const again = await server.post("/v1/runs", { workflowPath: "echo.tsx", input: { msg: "hi" } }, key);
  expect(again.body.runId).toBe(done);
  await server.approvals.approve(waiting, "ok");
  await server.signals.send(waiting, "paid", { data: { value: 1 } });
  expect(await server.end(waiting)).toMatchObject({ status: "finished", output: { value: "end" } });
  const seqs = (await eventsOf(server, waiting, (type) => type === "RunFinished")) as { id: string }[];
  expect(seqs.map(({ id }) => Number(id))).toEqual(seqs.map((_, index) => index + 1));
  expect(readFileSync(join(root, "executed"), "utf8")).toBe("first\n");
  const other = await server.start("echo.tsx", { msg: "new" });
  expect((await server.end(other)).status).toBe("finished");
  await server.close();
}

const copy = (root: string, from: string, to: string, ...more: string[]) =>
  smithers(root, "db", "copy", "--from", from, "--to", to, ...more);

/** Copies a database with a waiting run, whose server has ended, and continues the run on the copy. */
async function movesAndContinues(from: string, to: string) {
  const setUp = await filled(from, serveHere);
  await setUp.server.close();
  await copies(setUp.root, from, to);
  await continuesOn(to, setUp);
}

/** Does so too once the server was killed, and shows what is refused: a source in use, and a target that is not empty. */
async function refusesMovesAndContinues(from: string, to: string) {
  const setUp = await filled(from, serve);
  const { root, server } = setUp;
  const busy = await copy(root, from, to);
  expect(busy.err).toContain("Another process uses the database");
  expect(busy.code).not.toBe(0);
  await server.kill();
  const dry = JSON.parse((await copy(root, from, to, "--dry-run", "--json")).out);
  expect(dry).toMatchObject({ dryRun: true, resumed: false, rows: { runs: 2 } });
  expect((await copies(root, from, to)).rows).toEqual(dry.rows);
  const second = await copy(root, from, to);
  expect(second.err).toContain("is not empty");
  await continuesOn(to, setUp);
}

async function copies(root: string, from: string, to: string) {
  const { code, out, err } = await copy(root, from, to, "--json");
  expect({ code, err }).toEqual({ code: 0, err: expect.any(String) });
  const told = JSON.parse(out);
  expect(told).toMatchObject({ dryRun: false, rows: { runs: 2 }, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  return told;
}

const file = () => join(folder({}), "copy.db");

test("a file is copied to a file, and a waiting run continues there", async () => {
  await movesAndContinues(file(), file());
});

testOnPostgres("a file is copied to Postgres, and a waiting run continues there", async () => {
  await refusesMovesAndContinues(file(), await postgresDatabase());
});

testOnPostgres("Postgres is copied to a file, and a waiting run continues there", async () => {
  await refusesMovesAndContinues(await postgresDatabase(), file());
});

/** How many servers have said that they use a schema. */
async function serversOn(address: string): Promise<number> {
  const sql = postgres(await sharedServer(), { max: 1, onnotice() {} });
  const ofSchema = lockClass(new URL(address).searchParams.get("schema")!);
  const held = await sql.unsafe(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = ${ofSchema}`);
  await sql.end();
  return held.length;
}

testOnPostgres("Postgres is copied to Postgres, and a server on the other side is noticed", async () => {
  const [from, to] = [await postgresDatabase(), await postgresDatabase()];
  const root = folder({});
  const there = await serve(root, to);
  await (await openStore(from)).close();
  // The server says that it is there once it listens.
  await eventually(async () => (await serversOn(to)) > 0);
  expect((await copy(root, from, to)).err).toContain("Another process uses the database");
  await there.stop("SIGTERM");
  await movesAndContinues(from, to);
});

for (const [kind, testOn, target] of [
  ["a file", test, async () => file()],
  ["Postgres", testOnPostgres, postgresDatabase],
] as const) {
  testOn(`a copy to ${kind} that is killed continues when it is started again`, async () => {
    const from = file();
    const to = await target();
    const root = folder({});
    const runs = 60;
    const store = await openStore(from);
    for (let no = 0; no < runs; no += 1) {
      const events = Array.from({ length: 100 }, () => ({ type: "RunStatusChanged", status: "running" }) as const);
      await store.startOnce(runRow({ runId: `run-${no}`, owner: null }), events);
    }
    await store.close();
    const killed = startSmithers(["db", "copy", "--from", from, "--to", to], {
      cwd: root,
      env: {
        FAULT: JSON.stringify({ point: "copied-batch", nth: 20, signal: "SIGKILL" }),
        BUN_OPTIONS: `--preload=${join(import.meta.dirname, "../support/copy-fault.ts")}`,
      },
    });
    expect((await killed.ended).signal).toBe("SIGKILL");
    const { out, code } = await copy(root, from, to, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ resumed: true, rows: { runs, events: runs * 100 } });
    const copied = await openStore(to);
    expect((await copied.eventsAfter("run-7", 0, 1_000)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    await copied.close();
  });
}

test("what cannot be copied is refused with a sentence", async () => {
  const [from, other] = [file(), file()];
  const root = folder({});
  await (await openStore(from)).close();
  expect((await copy(root, join(root, "none.db"), other)).err).toContain("There is no file");
  expect((await copy(root, from, from)).err).toContain("the same database");
  expect((await copy(root, from, "postgres://flows:s3cret@127.0.0.1:1/flows")).err).not.toContain("s3cret");
  expect((await smithers(root, "db", "copy", "--from", from)).err).toContain("--to");
  expect(existsSync(other)).toBe(false);
  await copy(root, from, other, "--dry-run");
  expect(existsSync(other)).toBe(false);
});

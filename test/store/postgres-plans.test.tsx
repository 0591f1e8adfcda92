/** @jsxImportSource smithers-orchestrator */
import { afterAll, expect } from "bun:test";
import client from "postgres";
import type { ListRunsQuery } from "../../src/api/index.ts";
import { type LocalStore, openStore } from "../../src/store/index.ts";
import { eventually } from "../support/eventually.ts";
import { newSchema, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { run } from "../support/run.ts";
import { sleeps, waits } from "./planned-runs.tsx";
import { momentAt } from "./rows.ts";

/** Copies of a run, and of everything that belongs to it: ended ones, one for each second before now. */
const copies = 4_000;
const manyEvents = 5_000;
const tables = ["runs", "nodes", "attempts", "outputs", "events", "frames", "approvals", "timers", "signals"] as const;

interface Seeded {
  readonly url: string;
  readonly schema: string;
  /** Asks what was read. */
  readonly observer: client.Sql;
}

let seeded: Promise<Seeded> | undefined;
afterAll(async () => (await seeded)?.observer.end());

/** Waits until all sessions of a name have ended: a session tells what it has read at its end. */
async function untilEnded({ observer }: Pick<Seeded, "observer">, name: string): Promise<void> {
  await eventually(async () => {
    const left = await observer`SELECT FROM pg_stat_activity WHERE application_name = ${name}`;
    return left.length === 0;
  });
}

/** A schema that holds one waiting run, "a", which has many events, a sleeping one and thousands that have ended. */
async function seed(): Promise<Seeded> {
  const [url, schema] = [await sharedServer(), newSchema()];
  const session = `seed ${schema}`;
  const db = `${url}?schema=${schema}&application_name=${encodeURIComponent(session)}`;
  await run(waits, { runId: "a", db });
  await run(sleeps, { runId: "z", db });
  const sql = client(url, { max: 1, onnotice() {}, connection: { application_name: session } });
  await sql.unsafe(`SET search_path TO ${schema}`);
  for (const name of tables) {
    const columns = (
      await sql`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = ${schema} AND table_name = ${`_smithers_${name}`} AND column_name <> 'run_id'`
    ).map((row) => row.name as string);
    const values = columns.map((column) => (name === "runs" ? (valueOfCopy[column] ?? column) : column));
    await sql.unsafe(`INSERT INTO _smithers_${name} (run_id, ${columns.join(", ")})
      SELECT 'c' || i, ${values.join(", ")} FROM _smithers_${name}, generate_series(1, ${copies}) i WHERE run_id = 'a'`);
  }
  await sql.unsafe(`INSERT INTO _smithers_events (run_id, seq, type, json)
    SELECT 'a', 1000 + i, 'NodeOutput', '{}' FROM generate_series(1, ${manyEvents}) i`);
  await sql.unsafe("UPDATE _smithers_approvals SET status = 'approved' WHERE run_id <> 'a'");
  await sql.unsafe("UPDATE _smithers_nodes SET state = 'finished' WHERE run_id NOT IN ('a', 'z')");
  await sql.unsafe("ANALYZE");
  await sql.end();
  const observer = client(url, { max: 1, onnotice() {} });
  await untilEnded({ observer }, session);
  return { url, schema, observer };
}

/** Of a copy, in SQL. */
const valueOfCopy: Record<string, string> = {
  status: "CASE i % 40 WHEN 0 THEN 'failed' ELSE 'finished' END",
  workflow_name: "'w' || i % 100",
  created_at_ms: "created_at_ms - 1000 * i",
  finished_at_ms: "created_at_ms - 1000 * i",
  inbox_no: "taken_no",
};

interface Touched {
  /** Rows that were read because a whole table was. */
  readonly whole: Record<string, number>;
  /** Rows that were read through an index. */
  readonly found: Record<string, number>;
}

/** What Postgres has read of each table for what `act` asks of a store. */
async function touchedBy(act: (store: LocalStore) => Promise<unknown>): Promise<Touched> {
  seeded ??= seed();
  const { url, schema, observer } = await seeded;
  const read = async () => {
    const rows =
      await observer`SELECT relname AS name, seq_tup_read::int AS whole, coalesce(idx_tup_fetch, 0)::int AS found
      FROM pg_stat_user_tables WHERE schemaname = ${schema}`;
    return new Map(rows.map(({ name, whole, found }) => [String(name).replace("_smithers_", ""), { whole, found }]));
  };
  const name = `plans ${crypto.randomUUID()}`;
  const address = `${url}?schema=${schema}&application_name=${encodeURIComponent(name)}`;
  const before = await read();
  const store = await openStore(address);
  await act(store);
  await store.close();
  await untilEnded({ observer }, name);
  const after = await read();
  const differences = (field: "whole" | "found") =>
    Object.fromEntries(
      tables
        .map((table) => [table, after.get(table)![field] - before.get(table)![field]])
        .filter(([, rows]) => rows !== 0),
    );
  return { whole: differences("whole"), found: differences("found") };
}

const page = { limit: 50 };
const lists: [string, ListRunsQuery][] = [
  ["no filter", page],
  ["a rare status", { ...page, status: "failed" }],
  ["a rare workflow", { ...page, workflow: "w0" }],
  ["both", { ...page, status: "failed", workflow: "w0" }],
];

testOnPostgres.each(lists)(
  "on Postgres, the list of runs with %s reads a page from an index, in its order, and no more",
  async (_, query) => {
    for (const pages of [1, 2]) {
      const { whole, found } = await touchedBy(async (store) => {
        let cursor: string | undefined;
        for (let n = 0; n < pages; n += 1) cursor = (await store.listRuns({ ...query, cursor })).nextCursor;
      });
      expect(whole).toEqual({});
      // One more a page, which tells whether there is another.
      expect(found.runs ?? 0).toBeLessThanOrEqual(pages * 2 * (page.limit + 1));
    }
  },
);

/** The largest number of rows of one table that each may read. */
const bounded: [string, number, (store: LocalStore) => Promise<unknown>][] = [
  ["events after a number", 110, (store) => store.eventsAfter("a", 1_100, 100)],
  ["the last event", 5, (store) => store.lastEvent("a")],
  ["a run", 5, (store) => store.findRun("a")],
  ["several runs", 20, (store) => store.readRuns(["a", "c1"])],
  ["a run's detail", 30, (store) => store.readRunDetail("a")],
  ["a run's outcome", 30, (store) => store.readOutcome("a")],
  ["what an execution begins from", 30, (store) => store.loadRun("a")],
  ["a run's nodes", 10, (store) => store.nodesOf("a")],
  ["a run's nodes and outputs", 30, (store) => store.readNodes("a", { limit: 100, maxOutputBytes: 1 })],
  ["a node", 30, (store) => store.readNode("a", "b", 0)],
  ["the last iteration of a node", 30, (store) => store.readNode("a", "b")],
  ["nodes that wait", 10, (store) => store.waitingNodes("a")],
  ["what has come for a run", 10, (store) => store.readInbox("a")],
  ["frames after a number", 20, (store) => store.readFrames("a", { order: "asc", afterFrameNo: 0, limit: 50 })],
  ["approvals that are awaited", 20, (store) => store.pendingApprovals({ nowMs: Date.now(), limit: 100 })],
  ["a run's approvals", 10, (store) => store.pendingApprovals({ nowMs: Date.now(), runId: "a", limit: 100 })],
  ["the events of a node", 5_100, (store) => store.eventsOfNode("a", "b", 0)],
  ["a request that was made before", 5, (store) => store.findStarted({ key: "k", bodyHash: "h" }, 1)],
  ["a cached result", 5, (store) => store.findCached("k")],
  ["runs with news", 10, (store) => store.runsWithNews()],
  ["runs that are claimed", 10, (store) => store.claimedRuns()],
  ["runs that are due", 10, (store) => store.dueRuns(momentAt(1))],
  ["when the next run is due", 10, (store) => store.msToNextDue(momentAt(1))],
  ["the backlog", 10, (store) => store.readBacklog(1)],
  ["taking a lease", 10, (store) => store.takeLease("a", "me", 0, 1)],
  ["a heartbeat", 10, (store) => store.beat([{ runId: "a", owner: "me", leaseNo: 1 }], 1)],
  [
    "a decision",
    30,
    (store) => store.decide({ runId: "a", nodeId: "ask", status: "granted", decidedBy: "me" }, Date.now()),
  ],
  ["a signal", 10, (store) => store.receiveSignal({ runId: "z", name: "go", data: { value: 1 } } as never, Date.now())],
  ["a cancellation", 10, (store) => store.requestCancel("z", Date.now())],
];

testOnPostgres.each(bounded)("on Postgres, %s: at most %d rows of a table are read", async (_, most, act) => {
  const { whole, found } = await touchedBy(act);
  expect(whole).toEqual({});
  expect(Math.max(0, ...Object.values(found))).toBeLessThanOrEqual(most);
});

testOnPostgres(
  "on Postgres, a batch of ended runs is deleted through indexes, and no more is read than it has",
  async () => {
    const { whole, found } = await touchedBy((store) => store.maintenance.pruneBatch(Date.now() - 3_000_000));
    expect(whole).toEqual({});
    // A hundred runs, with some rows of each kind in each.
    expect(Math.max(...Object.values(found))).toBeLessThan(6_000);
  },
);

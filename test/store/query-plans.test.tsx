/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import type { ListRunsQuery } from "../../src/api/index.ts";
import { type Driver, runtime } from "../../src/runtime/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { lastTreeHash } from "../../src/store/sqlite/queries/frames.ts";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { database, run } from "../support/run.ts";
import { waits } from "./planned-runs.tsx";
import { momentAt } from "./rows.ts";

/** A driver that remembers each statement that it runs. */
function recording(driver: Driver): Driver & { statements: { sql: string; params: any[] }[] } {
  const statements: { sql: string; params: any[] }[] = [];
  const noted =
    (method: "all" | "get" | "run") =>
    (sql: string, ...params: any[]): any => {
      statements.push({ sql, params });
      return driver[method](sql, ...params);
    };
  return {
    statements,
    id: driver.id,
    filename: driver.filename,
    all: noted("all"),
    get: noted("get"),
    run: noted("run"),
    exec: (sql) => driver.exec(sql),
    dataVersion: () => driver.dataVersion(),
    close: () => driver.close(),
  };
}

let prepared: Promise<Buffer> | undefined;

/** A file of its own that holds one run, "a": it has an output, and waits for a decision. */
async function fileWithRun(): Promise<string> {
  prepared ??= run(waits, { runId: "a" }).then(({ db }) => readFileSync(db));
  const file = database();
  writeFileSync(file, await prepared);
  return file;
}

/** How SQLite goes about each statement that `act` runs on a file of the current version. */
async function plansOf(
  act: (store: Store, driver: Driver) => Promise<unknown>,
  file: string | Promise<string> = fileWithRun(),
): Promise<string[]> {
  const driver = recording(runtime.sqlite.open(await file));
  const store = new SqliteStore(driver);
  try {
    await act(store, driver);
    const asked = driver.statements.filter(({ sql }) => /^\s*(SELECT|UPDATE|DELETE)/i.test(sql));
    expect(asked.length).toBeGreaterThan(0);
    return asked.flatMap(({ sql, params }) =>
      driver.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...params).map(({ detail }) => detail),
    );
  } finally {
    await store.close();
  }
}

async function emptyFile(): Promise<string> {
  const file = database();
  await (await openStore(file)).close();
  return file;
}

/** Reads a whole table, and not through an index. The rows of a subquery, `a`, are few, and a constant row is no table. */
const readsAll = (step: string) =>
  /^SCAN /.test(step) && !step.includes(" USING ") && !/^SCAN (a|CONSTANT ROW)$/.test(step);
const sorts = (step: string) => step.includes("USE TEMP B-TREE");

const page = { limit: 50 };
const filters: [string, ListRunsQuery, string][] = [
  ["no filter", page, "_smithers_runs_newest"],
  ["a cursor", { ...page, cursor: "1.a" }, "_smithers_runs_newest"],
  ["a status", { ...page, status: "failed" }, "_smithers_runs_by_status"],
  ["a status and a cursor", { ...page, status: "failed", cursor: "1.a" }, "_smithers_runs_by_status"],
  ["a workflow", { ...page, workflow: "w" }, "_smithers_runs_by_workflow"],
  ["a workflow and a cursor", { ...page, workflow: "w", cursor: "1.a" }, "_smithers_runs_by_workflow"],
  ["both", { ...page, status: "failed", workflow: "w" }, "_smithers_runs_by_workflow_and_status"],
  [
    "both and a cursor",
    { ...page, status: "failed", workflow: "w", cursor: "1.a" },
    "_smithers_runs_by_workflow_and_status",
  ],
];

test.each(filters)(
  "the list of runs with %s is read off an index, in its order, a page and no more",
  async (_, query, index) => {
    const plans = await plansOf((store) => store.listRuns(query), emptyFile());
    expect(plans).toEqual([expect.stringMatching(new RegExp(`USING (COVERING )?INDEX ${index}( |$)`))]);
    if (query.cursor !== undefined) expect(plans[0]).toMatch(/created_at_ms.*<|\(created_at_ms,run_id\)</);
  },
);

const ordered: [string, (store: Store, driver: Driver) => Promise<unknown>][] = [
  ["events after a number", (store) => store.eventsAfter("a", 10, 500)],
  ["the last event", (store) => store.lastEvent("a")],
  ["frames after a number", (store) => store.readFrames("a", { order: "asc", afterFrameNo: 0, limit: 50 })],
  ["the last frame", async (_, driver) => lastTreeHash(driver, "a")],
  ["approvals that are awaited", (store) => store.pendingApprovals({ nowMs: Date.now(), limit: 100 })],
  ["nodes that wait", (store) => store.waitingNodes("a")],
  ["runs that are due", (store) => store.dueRuns(momentAt(1))],
  ["when the next run is due", (store) => store.msToNextDue(momentAt(1))],
  ["ended runs that are to be removed", (store) => store.maintenance.pruneBatch(1)],
];

test.each(ordered)("%s come from an index in the order that is asked for", async (_, act) => {
  const plans = await plansOf(act);
  expect(plans.filter(readsAll)).toEqual([]);
  expect(plans.filter(sorts)).toEqual([]);
});

const bounded: [string, (store: Store, driver: Driver) => Promise<unknown>][] = [
  ["a run", (store) => store.findRun("a")],
  ["several runs", (store) => store.readRuns(["a"])],
  ["a run's detail", (store) => store.readRunDetail("a")],
  ["a run's outcome", (store) => store.readOutcome("a")],
  ["what an execution begins from", (store) => store.loadRun("a")],
  ["a run's nodes", (store) => store.nodesOf("a")],
  ["a run's nodes and outputs", (store) => store.readNodes("a", { limit: 100, maxOutputBytes: 1 })],
  ["a node", (store) => store.readNode("a", "b", 0)],
  ["the last iteration of a node", (store) => store.readNode("a", "b")],
  ["the prompts of a node's agents", (store) => store.promptsOf("a", "b", 0, 20)],
  ["the events of a node", (store) => store.eventsOfNode("a", "b", 0)],
  ["a run's approvals", (store) => store.pendingApprovals({ nowMs: Date.now(), runId: "a", limit: 100 })],
  ["what has come for a run", (store) => store.readInbox("a")],
  ["runs with news", (store) => store.runsWithNews()],
  ["runs that are claimed", (store) => store.claimedRuns()],
  ["a request that was made before", (store) => store.findStarted({ key: "k", bodyHash: "h" }, 1)],
  ["runs whose copies may be behind", (store) => store.mirroredRuns.toCompare(1)],
  ["a cached result", (store) => store.findCached("k")],
  ["cached results that are to be removed", (store) => store.maintenance.pruneCache(1)],
  ["taking a lease", (store) => store.takeLease("a", "me", 0, 1)],
  ["a heartbeat", (store) => store.beat([{ runId: "a", owner: "me", leaseNo: 1 }], 1)],
];

test.each(bounded)("%s: no table is read whole", async (_, act) => {
  expect((await plansOf(act)).filter(readsAll)).toEqual([]);
});

const ofAgents: [string, (store: Store) => Promise<unknown>, string][] = [
  ["what a run's agents have reported", (store) => store.agentReports("a"), "_smithers_events_of_agents"],
  ["the prompts of a node's agents", (store) => store.promptsOf("a", "b", 0, 20), "_smithers_events_of_prompts"],
];

test.each(ofAgents)("%s: of a run's events, no others are read", async (_, act, index) => {
  expect(await plansOf(act)).toEqual([`SEARCH _smithers_events USING INDEX ${index} (run_id=?)`]);
});

test("no index of nodes or events has a condition for which each write makes a table of values", async () => {
  const db = new Database(await emptyFile());
  const indexes = db
    .query<{ name: string; sql: string }, []>(
      `SELECT name, sql FROM sqlite_master
       WHERE type = 'index' AND tbl_name IN ('_smithers_nodes', '_smithers_events') AND sql LIKE '%WHERE%'`,
    )
    .all();
  db.close();
  expect(indexes.length).toBeGreaterThan(2);
  expect(indexes.filter(({ sql }) => /\bIN\s*\((?:[^,)]*,){2}/.test(sql)).map(({ name }) => name)).toEqual([]);
});

test("of the view of an output, one run's rows are read through an index", async () => {
  const db = new Database(await fileWithRun());
  const plans = db.query("EXPLAIN QUERY PLAN SELECT value FROM result WHERE run_id = 'a'").all();
  db.close();
  expect(plans).toEqual([
    expect.objectContaining({ detail: expect.stringMatching(/^SEARCH _smithers_outputs USING PRIMARY KEY/) }),
  ]);
});

test("what belongs to a run is found by an index when the run is removed", async () => {
  const db = new Database(await emptyFile());
  const all = <Row,>(sql: string) => db.query(sql).all() as Row[];
  const tables = all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '\\_smithers%' ESCAPE '\\'",
  );
  const bare = tables.flatMap(({ name }) => {
    const references = all<{ column: string }>(`SELECT "from" AS "column" FROM pragma_foreign_key_list('${name}')`);
    const indexed = all<{ first: string }>(
      `SELECT (SELECT name FROM pragma_index_info(i.name) WHERE seqno = 0) AS first FROM pragma_index_list('${name}') i`,
    ).map(({ first }) => first);
    return references.filter(({ column }) => !indexed.includes(column)).map(({ column }) => `${name}.${column}`);
  });
  db.close();
  expect(bare).toEqual([]);
});

import { expect, test } from "bun:test";
import type { ListRunsQuery } from "../../src/api/index.ts";
import { openBunSqlite } from "../../src/runtime/bun/sqlite.ts";
import { type Driver, openStore, Store } from "../../src/store/index.ts";
import { database } from "../support/run.ts";

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
    identity: driver.identity,
    filename: driver.filename,
    all: noted("all"),
    get: noted("get"),
    run: noted("run"),
    exec: (sql) => driver.exec(sql),
    dataVersion: () => driver.dataVersion(),
    close: () => driver.close(),
  };
}

/** How SQLite goes about each statement that `act` runs on a file of the current version. */
async function plansOf(act: (store: Store) => Promise<unknown>): Promise<string[]> {
  const file = database();
  await openStore(file).close();
  const driver = recording(openBunSqlite(file));
  const store = new Store(driver);
  try {
    await act(store);
    const asked = driver.statements.filter(({ sql }) => /^\s*(SELECT|UPDATE|DELETE)/i.test(sql));
    expect(asked.length).toBeGreaterThan(0);
    return asked.flatMap(({ sql, params }) =>
      driver.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...params).map(({ detail }) => detail),
    );
  } finally {
    await store.close();
  }
}

/** Reads a whole table, and not through an index. The rows of a subquery, `a`, are few. */
const readsAll = (step: string) => /^SCAN /.test(step) && !step.includes(" USING ") && !/^SCAN a$/.test(step);
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
    const plans = await plansOf((store) => store.listRuns(query));
    expect(plans).toEqual([expect.stringMatching(new RegExp(`USING (COVERING )?INDEX ${index}( |$)`))]);
    if (query.cursor !== undefined) expect(plans[0]).toMatch(/created_at_ms.*<|\(created_at_ms,run_id\)</);
  },
);

const ordered: [string, (store: Store) => Promise<unknown>][] = [
  ["events after a number", (store) => store.eventsAfter("a", 10, 500)],
  ["the last event", (store) => store.lastEvent("a")],
  ["the last frame", (store) => store.lastTreeHash("a")],
  ["approvals that are awaited", (store) => store.pendingApprovals(100)],
  ["nodes that wait", (store) => store.waitingNodes("a")],
  ["runs that are due", (store) => store.dueRuns(1)],
  ["when the next run is due", (store) => store.nextDueMs(1)],
  ["ended runs that are to be removed", (store) => store.maintenance.pruneBatch(1)],
];

test.each(ordered)("%s come from an index in the order that is asked for", async (_, act) => {
  const plans = await plansOf(act);
  expect(plans.filter(readsAll)).toEqual([]);
  expect(plans.filter(sorts)).toEqual([]);
});

const bounded: [string, (store: Store) => Promise<unknown>][] = [
  ["a run", (store) => store.findRun("a")],
  ["a run's nodes", (store) => store.nodesOf("a")],
  ["a node", (store) => store.findNode("a", "b", 0)],
  ["a run's summary", (store) => store.countNodes("a")],
  ["a run's outputs", (store) => store.outputsOf("a")],
  ["an output", (store) => store.findOutput("a", "b", 0)],
  ["a run's approvals", (store) => store.approvalsOf("a")],
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

test("of the view of an output, one run's rows are read through an index", async () => {
  const file = database();
  const store = openStore(file);
  await store.registerSchemas([{ key: "result", hash: "1", columns: ["value"] }]);
  const plans = await store.read((driver) =>
    driver.all<{ detail: string }>("EXPLAIN QUERY PLAN SELECT value FROM result WHERE run_id = 'a'"),
  );
  await store.close();
  expect(plans.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/^SEARCH _smithers_outputs USING PRIMARY KEY/),
  ]);
});

test("what belongs to a run is found by an index when the run is removed", async () => {
  const store = openStore(database());
  const bare = await store.read((driver) =>
    driver
      .all<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '\\_smithers%' ESCAPE '\\'",
      )
      .flatMap(({ name }) =>
        driver
          .all<{ column: string }>(`SELECT "from" AS "column" FROM pragma_foreign_key_list('${name}')`)
          .filter(
            ({ column }) =>
              !driver
                .all<{ first: string }>(
                  `SELECT (SELECT name FROM pragma_index_info(i.name) WHERE seqno = 0) AS first FROM pragma_index_list('${name}') i`,
                )
                .some(({ first }) => first === column),
          )
          .map(({ column }) => `${name}.${column}`),
      ),
  );
  await store.close();
  expect(bare).toEqual([]);
});

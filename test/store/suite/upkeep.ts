import { expect, test } from "bun:test";
import { approvalRow, momentAt, nodeRow, runRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { commit, end, nodeEvent, nowMs, outputRow, park, startRun } from "./writes.ts";

/** What is done to a database as a whole. */
export function upkeep(fresh: FreshDatabase): void {
  test("stores of one database have one id, stores of two have two", async () => {
    const { store, another } = await fresh();
    const elsewhere = await fresh();
    expect((await another()).id).toBe(store.id);
    expect(elsewhere.store.id).not.toBe(store.id);
  });

  test("a database is described for people", async () => {
    const { store } = await fresh();
    const described = await store.describe();
    expect(described).toMatchObject({ kind: expect.any(String), name: expect.any(String) });
    expect(described.name).not.toBe("");
    expect(described.version).toBeGreaterThan(0);
    expect(described.sizeBytes).toBeGreaterThan(0);
    expect("damage" in described).toBe(false);
    expect(await store.describe({ integrity: true })).toMatchObject({ damage: null });
  });

  test("what the clocks showed is kept, for every store of the database", async () => {
    const { store, another } = await fresh();
    expect(await store.maintenance.seenClocks()).toEqual({ believed: null, doubted: null });
    const seen = { believed: momentAt(5_000, 1.5), doubted: momentAt(9_000, 2) };
    await store.maintenance.noteClocks(seen);
    await store.maintenance.noteClocks({ ...seen, doubted: null });
    expect(await (await another()).maintenance.seenClocks()).toEqual({ ...seen, doubted: null });
  });

  test("a database that is sound takes a probe, which no run sees", async () => {
    const { store } = await fresh();
    await startRun(store);
    const before = await store.loadRun("r");
    await store.probe();
    await store.check();
    expect(store.trouble).toBeUndefined();
    expect(store.queueDepth).toBe(0);
    expect(await store.loadRun("r")).toEqual(before!);
  });

  test("runs that ended before a time are removed with all that belongs to them, and no others", async () => {
    const { store } = await fresh();
    const old = await startRun(store, { runId: "old" });
    const place = { nodeId: "n", iteration: 0, attempt: 1 };
    await commit(store, old, {
      nodes: [nodeRow({ runId: "old" })],
      startedAttempts: [
        { runId: "old", ...place, state: "running", startedAtMs: 1, finishedAtMs: null, error: null, stack: null },
      ],
      outputs: [outputRow({ runId: "old" })],
      approvals: [approvalRow({ runId: "old" })],
      timers: [{ nodeId: "n", iteration: 0, firesAtMs: 1, state: "pending" }],
    });
    await store.receiveSignal({ runId: "old", name: "x" }, 2);
    const call = { ...place, callNo: 1, toolName: "t", idempotencyKey: "k", repeats: false, arguments: null };
    await store.beginToolCall(old, call, 3);
    await end(store, old, "finished", 100);
    await end(store, await startRun(store, { runId: "recent" }), "failed", 200);
    await park(store, await startRun(store, { runId: "parked", createdAtMs: 1 }));
    expect(await store.maintenance.countPrunable(200)).toBe(1);
    expect(await store.maintenance.pruneBatch(200)).toEqual({ runs: 1, hasMore: false });
    expect(await store.maintenance.countPrunable(200)).toBe(0);
    expect((await store.listRuns({ limit: 9 })).runs.map(({ run }) => run.runId)).toEqual(["recent", "parked"]);
    expect(await store.pendingApprovals({ nowMs, limit: 9 })).toEqual([]);
    // What is left of the old run would be found under its id.
    await startRun(store, { runId: "old" });
    const stored = await store.loadRun("old");
    expect(stored).toMatchObject({ run: { lastSeq: 1 }, nodes: [], outputs: [], approvals: [], signals: [] });
    expect(await store.eventsAfter("old", 0, 100)).toHaveLength(1);
  });

  test("many runs are removed in batches, between which others write", async () => {
    const { store } = await fresh();
    const many = Array.from({ length: 250 }, (_, n) =>
      runRow({ runId: `r${n}`, status: "finished", owner: null, finishedAtMs: n }),
    );
    await Promise.all(many.map((run) => store.startOnce(run, [nodeEvent("a")])));
    let removed = 0;
    let batches = 0;
    for (let hasMore = true; hasMore; batches += 1) {
      const batch = await store.maintenance.pruneBatch(240);
      removed += batch.runs;
      hasMore = batch.hasMore;
    }
    expect(removed).toBe(240);
    expect(batches).toBeGreaterThan(1);
    expect(await store.maintenance.countPrunable(1_000)).toBe(10);
  });

  test("a run with very many rows is removed over several batches, and cannot be resumed meanwhile", async () => {
    const { store } = await fresh();
    const large = await startRun(store, { runId: "large" });
    for (let n = 0; n < 5; n++) {
      await commit(store, large, { events: Array.from({ length: 1_000 }, () => nodeEvent("a")) });
    }
    await end(store, large, "failed", 100);
    expect(await store.maintenance.pruneBatch(200)).toEqual({ runs: 0, hasMore: true });
    expect(await store.reopen("large", "you", large.leaseNo, 300)).toBeUndefined();
    while ((await store.maintenance.pruneBatch(200)).hasMore);
    expect(await store.findRun("large")).toBeUndefined();
  });

  test("cached results are removed by their age", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { nowMs: 100, cached: [{ cacheKey: "old", json: "1" }] });
    await commit(store, lease, { nowMs: 200, cached: [{ cacheKey: "recent", json: "2" }] });
    expect(await store.maintenance.pruneCache(200)).toBe(1);
    expect([await store.findCached("old"), await store.findCached("recent")]).toEqual([undefined, "2"]);
  });

  test("space is given back, or not, without harm", async () => {
    const { store } = await fresh();
    await end(store, await startRun(store, { runId: "old", input: "x".repeat(100_000) }), "finished", 100);
    await store.maintenance.pruneBatch(200);
    await store.maintenance.giveBackSpace();
    await startRun(store);
    expect(await store.describe({ integrity: true })).toMatchObject({ damage: null });
  });

  test("other databases are remembered once each, in order", async () => {
    const { store, another } = await fresh();
    const { rememberDatabase, knownDatabases } = store.maintenance;
    expect(await knownDatabases()).toEqual([]);
    const [a, b] = ["/a.db", "/b.db"].map((path) => ({
      path,
      databaseId: `id of ${path}`,
      fileKey: "1:2",
      mainFileKey: "3:4",
    }));
    await rememberDatabase({ ...b!, databaseId: null, fileKey: null, mainFileKey: null }, 1);
    await rememberDatabase(a!, 2);
    await rememberDatabase(b!, 3);
    expect(await (await another()).maintenance.knownDatabases()).toEqual([b!, a!]);
  });

  test("a database has one identity, and another database another one", async () => {
    const { store, another } = await fresh();
    const elsewhere = await fresh();
    const databaseId = await store.maintenance.databaseId();
    expect(databaseId.length).toBeGreaterThanOrEqual(32);
    expect(await (await another()).maintenance.databaseId()).toBe(databaseId);
    expect(await elsewhere.store.maintenance.databaseId()).not.toBe(databaseId);
  });

  test("writes that were asked for are written before the store is closed", async () => {
    const { store, another } = await fresh();
    const started = startRun(store);
    await Promise.all([started, store.close()]);
    expect(await (await another()).findRun("r")).toMatchObject({ runId: "r" });
  });
}

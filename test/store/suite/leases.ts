import { expect, test } from "bun:test";
import { nodeRow, runRow } from "../rows.ts";
import { codeOf, type FreshDatabase } from "./database.ts";
import { commit, end, nodeEvent, park, startRun } from "./writes.ts";

/** Who may advance a run: one owner at a time, by the number that it has seen. */
export function leases(fresh: FreshDatabase): void {
  test("of several who saw the same number, one takes the run", async () => {
    const { store, another } = await fresh();
    await park(store, await startRun(store));
    const stores = [store, await another()];
    const takers = Array.from({ length: 8 }, (_, n) => stores[n % 2]!.takeLease("r", `owner${n}`, 7, 4_000));
    const taken = (await Promise.all(takers)).filter((lease) => lease !== undefined);
    expect(taken).toHaveLength(1);
    expect(await store.findRun("r")).toMatchObject({ ...taken[0], heartbeatAtMs: 4_000 });
    expect(taken[0]!.leaseNo).toBeGreaterThan(7);
  });

  test("a run that has ended, or does not exist, is not taken", async () => {
    const { store } = await fresh();
    await end(store, await startRun(store), "failed");
    expect(await store.takeLease("r", "you", 7, 4_000)).toBeUndefined();
    expect(await store.takeLease("other", "you", 7, 4_000)).toBeUndefined();
    expect(await store.findRun("r")).toMatchObject({ owner: null, leaseNo: 7 });
  });

  test("taking a run from an owner counts against the run, taking a parked one does not", async () => {
    const { store } = await fresh();
    const held = await startRun(store, { runId: "held" });
    await park(store, await startRun(store, { runId: "parked" }));
    await store.takeLease("held", "you", held.leaseNo, 4_000);
    await store.takeLease("parked", "you", 7, 4_000);
    expect(await store.findRun("held")).toMatchObject({ crashes: 1 });
    expect(await store.findRun("parked")).toMatchObject({ crashes: 0 });
  });

  test("a heartbeat is written for each lease that is held, and the others are named", async () => {
    const { store } = await fresh();
    const held = await startRun(store, { runId: "held" });
    const lost = await startRun(store, { runId: "lost" });
    const parked = await startRun(store, { runId: "parked" });
    await store.takeLease("lost", "you", lost.leaseNo, 4_000);
    await park(store, parked);
    expect(await store.beat([held, lost, parked], 5_000)).toEqual([lost, parked]);
    expect(await store.findRun("held")).toMatchObject({ heartbeatAtMs: 5_000 });
    expect(await store.findRun("lost")).toMatchObject({ heartbeatAtMs: 4_000 });
  });

  test("a lease is held until another owner has taken the run", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    expect(await store.holdsLease(lease)).toBe(true);
    await store.takeLease("r", "you", lease.leaseNo, 4_000);
    expect(await store.holdsLease(lease)).toBe(false);
  });

  test("every write with a lost lease is refused, and writes nothing", async () => {
    const { store } = await fresh();
    const lost = await startRun(store);
    await store.takeLease("r", "you", lost.leaseNo, 4_000);
    const call = {
      nodeId: "n",
      iteration: 0,
      attempt: 1,
      callNo: 1,
      toolName: "t",
      idempotencyKey: "k",
      repeats: true,
      arguments: null,
    };
    const writes = [
      commit(store, lost, { nodes: [nodeRow()], run: { frameNo: 9 }, events: [nodeEvent("n")] }),
      store.beginToolCall(lost, call, 4_000),
    ];
    expect(await Promise.all(writes.map(codeOf))).toEqual(["LEASE_LOST", "LEASE_LOST"]);
    expect(await store.loadRun("r")).toMatchObject({ run: { frameNo: 0, lastSeq: 1 }, nodes: [] });
  });

  test("the same owner with an old number is refused as well", async () => {
    const { store } = await fresh();
    const old = await startRun(store);
    const lease = await store.takeLease("r", "me", old.leaseNo, 4_000);
    expect(await codeOf(commit(store, old, { run: { frameNo: 1 } }))).toBe("LEASE_LOST");
    expect(await commit(store, lease!, { run: { frameNo: 2 } })).toEqual([]);
    expect(await store.findRun("r")).toMatchObject({ frameNo: 2 });
  });

  test("a failed run is reopened by one owner: what failed or was cancelled is pending again, the rest stays", async () => {
    const { store, another } = await fresh();
    const lease = await startRun(store, { crashes: 3 });
    const error = { code: "X", message: "no" };
    await commit(store, lease, {
      run: { status: "failed", finishedAtMs: 3_000, error, release: true },
      nodes: [
        nodeRow({ nodeId: "done", state: "finished", finishedAtMs: 3_000, ordinal: 0 }),
        nodeRow({ nodeId: "failed", state: "failed", failures: 3, lostAttempts: 1, error, ordinal: 1 }),
        nodeRow({ nodeId: "cancelled", state: "cancelled", finishedAtMs: 3_000, wakeAtMs: 9_000, ordinal: 2 }),
        nodeRow({ nodeId: "skipped", state: "skipped", finishedAtMs: 3_000, ordinal: 3 }),
      ],
    });
    const stores = [store, await another()];
    const reopened = await Promise.all(stores.map((one, n) => one.reopen("r", `owner${n}`, lease.leaseNo, 4_000)));
    const [winner, ...others] = reopened.filter((one) => one !== undefined);
    expect(others).toEqual([]);
    expect(winner).toMatchObject({ events: [{ type: "RunStatusChanged", event: { status: "running" } }] });
    const { run, nodes } = (await store.loadRun("r"))!;
    expect(run).toMatchObject({ ...winner!.lease, status: "running", finishedAtMs: null, error: null });
    expect(run).toMatchObject({ reopened: 1, crashes: 0, heartbeatAtMs: 4_000 });
    const again = { state: "pending", failures: 0, lostAttempts: 0, error: null, finishedAtMs: null, wakeAtMs: null };
    expect(nodes).toMatchObject([
      { nodeId: "done", state: "finished" },
      { nodeId: "failed", ...again },
      { nodeId: "cancelled", ...again },
      { nodeId: "skipped", state: "skipped" },
    ]);
  });

  test.each(["running", "finished", "cancelled"] as const)("a run that is %s is not reopened", async (status) => {
    const { store } = await fresh();
    const lease = await startRun(store);
    if (status !== "running") await end(store, lease, status);
    expect(await store.reopen("r", "you", lease.leaseNo, 4_000)).toBeUndefined();
    expect(await store.findRun("r")).toMatchObject({ status, reopened: 0 });
  });

  test("why a run cannot be taken is noted, with the time of the first failure, until it is taken", async () => {
    const { store } = await fresh();
    await park(store, await startRun(store));
    await store.noteWakeFailure("r", 7, { code: "X", reason: "no file", sinceMs: 1 });
    await store.noteWakeFailure("r", 7, { code: "X", reason: "no file", sinceMs: 2 });
    expect(await store.findRun("r")).toMatchObject({ wakeFailure: { reason: "no file", sinceMs: 1 } });
    await store.noteWakeFailure("r", 7, { code: "X", reason: "no syntax", sinceMs: 3 });
    expect(await store.findRun("r")).toMatchObject({ wakeFailure: { reason: "no syntax", sinceMs: 3 } });
    const { leaseNo } = (await store.takeLease("r", "you", 7, 4_000))!;
    expect(await store.findRun("r")).toMatchObject({ wakeFailure: null });
    await store.noteWakeFailure("r", 7, { code: "X", reason: "late", sinceMs: 5 });
    expect(await store.findRun("r")).toMatchObject({ wakeFailure: null, leaseNo });
  });

  test("a run without an owner is claimed as one that should have one, and copies are not", async () => {
    const { store } = await fresh();
    await startRun(store, { runId: "held" });
    await startRun(store, { runId: "left", owner: null, heartbeatAtMs: null, crashes: 2 });
    await park(store, await startRun(store, { runId: "parked" }));
    await end(store, await startRun(store, { runId: "ended" }), "finished");
    await store.startOnce(runRow({ runId: "copy", home: "elsewhere", owner: null }), []);
    const claimed = (await store.claimedRuns()).sort((a, b) => (a.runId < b.runId ? -1 : 1));
    expect(claimed).toEqual([
      { runId: "held", workflowPath: "w.tsx", owner: "me", leaseNo: 7, heartbeatAtMs: 1_000, crashes: 0 },
      { runId: "left", workflowPath: "w.tsx", owner: null, leaseNo: 7, heartbeatAtMs: null, crashes: 2 },
    ]);
  });
}

import { expect, test } from "bun:test";
import { noRunWake } from "../../../src/model/index.ts";
import type { Store } from "../../../src/store/index.ts";
import { approvalRow, momentAt, nodeRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { commit, end, nodeEvent, nowMs, startRun } from "./writes.ts";

const home = "elsewhere";

/** Brings the copy of the run `r` up to date, and tells how many pages that took. */
async function copy(from: Store, to: Store): Promise<number> {
  for (let pages = 0; ; pages += 1) {
    const seq = (await to.mirroredRuns.mirroredSeq(home, "r"))!;
    const page = await from.mirroredRuns.readMirrorPage("r", seq);
    if (!page) return pages;
    await to.mirroredRuns.applyMirrorPage(home, page);
  }
}

/** Copies of runs that live in another database. */
export function mirror(fresh: FreshDatabase): void {
  test("a copy has the run, its nodes, approvals and events, and nothing by which it would be executed", async () => {
    const { store: from } = await fresh();
    const { store: to } = await fresh();
    const lease = await startRun(from, { wakeAtMs: 9_000 });
    await commit(from, lease, {
      nodes: [nodeRow({ state: "waiting-approval" })],
      approvals: [approvalRow()],
      events: [nodeEvent("n")],
    });
    await from.receiveSignal({ runId: "r", name: "x" }, 2_500);
    expect(await to.mirroredRuns.mirroredSeq(home, "r")).toBe(0);
    await copy(from, to);
    const original = (await from.findRun("r"))!;
    const idle = { owner: null, leaseNo: 0, inboxNo: 0, takenNo: 0, ...noRunWake };
    expect(await to.findRun("r")).toEqual({ ...original, home, ...idle });
    expect(await to.nodesOf("r")).toEqual(await from.nodesOf("r"));
    expect(await to.eventsAfter("r", 0, 100)).toEqual(await from.eventsAfter("r", 0, 100));
    expect(await to.pendingApprovals({ nowMs, limit: 9, runId: "r" })).toMatchObject([{ nodeId: "n" }]);
    expect([await to.claimedRuns(), await to.runsWithNews(), await to.dueRuns(momentAt(99_999))]).toEqual([[], [], []]);
  });

  test("a copy is brought up to date page by page, and applying a page again changes nothing", async () => {
    const { store: from } = await fresh();
    const { store: to } = await fresh();
    const lease = await startRun(from);
    await copy(from, to);
    await commit(from, lease, { events: Array.from({ length: 1_200 }, () => nodeEvent("n")), nodes: [nodeRow()] });
    const page = await from.mirroredRuns.readMirrorPage("r", 1);
    expect(await copy(from, to)).toBeGreaterThan(1);
    await to.mirroredRuns.applyMirrorPage(home, page!);
    expect(await to.eventsAfter("r", 0, 5_000)).toEqual(await from.eventsAfter("r", 0, 5_000));
    await copy(from, to);
    expect(await to.findRun("r")).toMatchObject({ lastSeq: 1_201 });
    expect(await to.mirroredRuns.mirroredSeq(home, "r")).toBe(1_201);
  });

  test("the page with a run's end has every node as it ended", async () => {
    const { store: from } = await fresh();
    const { store: to } = await fresh();
    const lease = await startRun(from);
    await commit(from, lease, { nodes: [nodeRow({ state: "in-progress" })], events: [nodeEvent("n")] });
    await copy(from, to);
    await commit(from, lease, { nodes: [nodeRow({ state: "cancelled" })] });
    await end(from, lease, "cancelled");
    await copy(from, to);
    expect(await to.nodesOf("r")).toMatchObject([{ state: "cancelled" }]);
    expect(await to.findRun("r")).toMatchObject({ status: "cancelled", finishedAtMs: 3_000 });
  });

  test("a run of this database's own, or a copy of another home's, is no copy of that home", async () => {
    const { store: from } = await fresh();
    const { store: to } = await fresh();
    await startRun(to, { runId: "own" });
    expect(await to.mirroredRuns.mirroredSeq(home, "own")).toBeUndefined();
    await startRun(from);
    await copy(from, to);
    expect(await to.mirroredRuns.mirroredSeq("another home", "r")).toBeUndefined();
  });

  test("runs are compared that have not ended, or ended since a time, but no copies", async () => {
    const { store } = await fresh();
    const { store: other } = await fresh();
    await startRun(other);
    await copy(other, store);
    await startRun(store, { runId: "active" });
    await end(store, await startRun(store, { runId: "old" }), "finished", 100);
    await end(store, await startRun(store, { runId: "recent" }), "finished", 200);
    const compared = async (sinceMs?: number) =>
      (await store.mirroredRuns.toCompare(sinceMs)).map(({ runId }) => runId).sort();
    expect(await compared(200)).toEqual(["active", "recent"]);
    expect(await compared()).toEqual(["active", "old", "recent"]);
    expect(await store.mirroredRuns.toCompare(300)).toEqual([{ runId: "active", lastSeq: 1 }]);
  });
}

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { differenceFrom, type Lease, type Store, type Tree } from "../../../src/store/index.ts";
import { approvalRow, nodeRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { commit, end, everyNode, nowMs, outputRow, startRun } from "./writes.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A tree that shows `text`. */
function treeOf(text: string): Tree {
  const xmlJson = JSON.stringify({ kind: "text", text });
  const xmlHash = sha256(xmlJson);
  return {
    treeHash: sha256(`tree ${xmlHash}`),
    xmlJson,
    xmlHash,
    mountedTaskIdsJson: `["${text.length}"]`,
    taskIndexJson: "[]",
  };
}

/** Stores frames that show the texts, one a turn, numbered from 1. */
async function showAll(store: Store, lease: Lease, texts: readonly string[]): Promise<void> {
  let before: Tree | undefined;
  for (const [index, text] of texts.entries()) {
    const tree = treeOf(text);
    const frameNo = index + 1;
    await commit(store, lease, {
      nowMs: 2_000 + frameNo,
      run: { frameNo },
      frame: { frameNo, tree, difference: before && differenceFrom(before, tree) },
    });
    before = tree;
  }
}

const textsOf = async (store: Store, runId = "r") =>
  (await store.readFrames(runId, { order: "asc", afterFrameNo: 0, limit: 1_000 }))!.frames.map(
    ({ xmlJson }) => JSON.parse(xmlJson).text,
  );

/** Frames: what they show comes back as it was, however the store keeps it. */
export function frames(fresh: FreshDatabase): void {
  test("a frame comes back as it was, with its number and time", async () => {
    const { store } = await fresh();
    await showAll(store, await startRun(store), ["ä \u{1f600} '\"\\\n"]);
    const { treeHash, ...texts } = treeOf("ä \u{1f600} '\"\\\n");
    const { run, frames, hasMore } = (await store.readFrames("r", { order: "asc", afterFrameNo: 0, limit: 10 }))!;
    expect(run.frameNo).toBe(1);
    expect(frames).toEqual([{ runId: "r", frameNo: 1, createdAtMs: 2_001, ...texts }]);
    expect(hasMore).toBe(false);
    expect((await store.loadRun("r"))?.treeHash).toBe(treeHash);
  });

  test("a large tree that differs little from an earlier one comes back whole, however many came between", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const long = (n: number) => `${n} `.repeat(20_000);
    await showAll(store, lease, [long(0), `${long(0)}!`]);
    for (let frameNo = 3; frameNo < 40; frameNo += 1) {
      await commit(store, lease, { run: { frameNo }, frame: { frameNo, tree: treeOf(long(frameNo)) } });
    }
    const last = `${long(0)}!?`;
    const tree = treeOf(last);
    const difference = differenceFrom(treeOf(`${long(0)}!`), tree)!;
    expect(difference.json.length).toBeLessThan(1_000);
    await commit(store, lease, { run: { frameNo: 40 }, frame: { frameNo: 40, tree, difference } });
    const { frames } = (await store.readFrames("r", { order: "desc", afterFrameNo: 0, limit: 1 }))!;
    expect(JSON.parse(frames[0]!.xmlJson).text === last).toBe(true);
  });

  test("a run's overview is its detail, its nodes with outputs, its last frame and its pending approvals", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    expect(await store.readOverview("r", everyNode, nowMs)).toMatchObject({
      nodes: [],
      frame: undefined,
      approvals: [],
    });
    await showAll(store, lease, ["one", "two"]);
    await commit(store, lease, {
      run: { outputNodeId: "n", outputIteration: 0 },
      nodes: [
        nodeRow({ state: "finished" }),
        nodeRow({ nodeId: "ask", ordinal: 1, state: "waiting-approval" }),
        nodeRow({ nodeId: "late", ordinal: 2, state: "waiting-approval", wakeAtMs: nowMs }),
      ],
      outputs: [outputRow()],
      approvals: [approvalRow({ nodeId: "ask" }), approvalRow({ nodeId: "late" })],
    });
    expect(await store.readOverview("r", everyNode, nowMs)).toMatchObject({
      ...(await store.readRunDetail("r"))!,
      ...(await store.readNodes("r", everyNode))!,
      frame: (await store.readFrames("r", { order: "asc", afterFrameNo: 1, limit: 10 }))!.frames[0],
      approvals: await store.pendingApprovals({ runId: "r", nowMs, limit: 10 }),
    });
    expect((await store.readOverview("r", everyNode, nowMs))!.approvals.map(({ nodeId }) => nodeId)).toEqual(["ask"]);
  });

  test("a tree that grows, shrinks and changes comes back frame by frame", async () => {
    const { store } = await fresh();
    const base = "lorem ipsum dolor sit amet ".repeat(40);
    const texts = Array.from(
      { length: 130 },
      (_, n) => `${base.slice(0, 900 - n)}${"+".repeat(n)}${base.slice(n % 7)}`,
    );
    await showAll(store, await startRun(store), texts);
    expect(await textsOf(store)).toEqual(texts);
    expect((await store.loadRun("r"))?.treeHash).toBe(treeOf(texts.at(-1)!).treeHash);
  });

  test("a change inside a surrogate pair splits no character", async () => {
    const { store } = await fresh();
    // These differ in one half only: U+1F600 and U+1F601, U+1F600 and U+1FA00.
    const texts = ["\u{1f600}", "\u{1f601}", "\u{1f600}", "\u{1fa00}"].map(
      (one) => `${"x".repeat(500)}${one}${"y".repeat(500)}`,
    );
    await showAll(store, await startRun(store), texts);
    expect(await textsOf(store)).toEqual(texts);
  });

  test("a run that is taken over continues its frames without knowing the one before", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await showAll(store, lease, ["a", "b"]);
    const tree = treeOf("c");
    await commit(store, lease, { run: { frameNo: 3 }, frame: { frameNo: 3, tree } });
    expect(await textsOf(store)).toEqual(["a", "b", "c"]);
  });

  test("frames are read on from a number, a page at a time", async () => {
    const { store } = await fresh();
    await showAll(store, await startRun(store), ["a", "b", "c"]);
    const page = await store.readFrames("r", { order: "asc", afterFrameNo: 0, limit: 2 });
    expect(page!.frames.map(({ frameNo }) => frameNo)).toEqual([1, 2]);
    expect(page!.hasMore).toBe(true);
    expect(await store.readFrames("r", { order: "asc", afterFrameNo: 2, limit: 2 })).toMatchObject({
      frames: [{ frameNo: 3 }],
      hasMore: false,
    });
    expect(await store.readFrames("r", { order: "asc", afterFrameNo: 3, limit: 2 })).toMatchObject({
      frames: [],
      hasMore: false,
    });
    const newest = (beforeFrameNo?: number) =>
      store.readFrames("r", { order: "desc", afterFrameNo: 0, beforeFrameNo, limit: 2 });
    expect(await newest()).toMatchObject({ frames: [{ frameNo: 3 }, { frameNo: 2 }], hasMore: true });
    expect(await newest(2)).toMatchObject({ frames: [{ frameNo: 1 }], hasMore: false });
  });

  test("a page of large frames is shorter than asked for, and holds at least one", async () => {
    const { store } = await fresh();
    // Two are more than a page holds.
    const large = (fill: string) => fill.repeat(4_200_000);
    await showAll(store, await startRun(store), [large("a"), large("b"), "c"]);
    const first = (await store.readFrames("r", { order: "asc", afterFrameNo: 0, limit: 3 }))!;
    expect(first.frames).toHaveLength(1);
    expect(first.hasMore).toBe(true);
    expect((await store.readFrames("r", { order: "asc", afterFrameNo: 2, limit: 3 }))!).toMatchObject({
      frames: [{ frameNo: 3 }],
      hasMore: false,
    });
  });

  test("runs that show the same keep it when one of them is removed", async () => {
    const { store } = await fresh();
    const base = "lorem ipsum dolor sit amet ".repeat(40);
    const texts = [base, `${base}+`, `${base}++`];
    const old = await startRun(store, { runId: "old" });
    await showAll(store, old, texts);
    await end(store, old, "finished", 100);
    await showAll(store, await startRun(store), [texts[2]!, texts[0]!]);
    expect(await store.maintenance.pruneBatch(200)).toEqual({ runs: 1, hasMore: false });
    expect(await store.findRun("old")).toBeUndefined();
    expect(await textsOf(store)).toEqual([texts[2], texts[0]]);
  });
}

import { expect, test } from "bun:test";
import type { Store } from "../../../src/store/index.ts";
import { yieldToEventLoop } from "../../../src/timing/index.ts";
import { eventually } from "../../support/eventually.ts";
import { nodeRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { commit, everyNode, nodeEvent, outputRow, startRun } from "./writes.ts";

/** Turns that the writer of the snapshot test commits. */
const turns = 60;

/**
 * Resolves when a store that was asked to watch does. Over a channel, this is so once the other end has answered a later
 * question: otherwise a commit of a third process may come before it watches.
 */
async function watching(store: Store): Promise<void> {
  await store.findRun("r");
}

/** Two stores on one database: what one commits, the other notices and never sees in part. */
export function concurrency(fresh: FreshDatabase): void {
  test("a watcher is notified of another connection's commit", async () => {
    const { store, another } = await fresh();
    const told = Promise.withResolvers<void>();
    const unwatch = store.watch(() => told.resolve());
    await watching(store);
    await startRun(await another());
    await told.promise;
    unwatch();
    expect(await store.findRun("r")).toBeDefined();
  });

  test("every watcher is notified until it stops watching", async () => {
    const { store, another } = await fresh();
    const writer = await another();
    const lease = await startRun(writer);
    let calls = 0;
    const unwatch = store.watch(() => {
      calls += 1;
    });
    const first = Promise.withResolvers<void>();
    store.watch(() => first.resolve());
    await watching(store);
    await commit(writer, lease, { events: [nodeEvent("a")] });
    await first.promise;
    unwatch();
    const before = calls;
    const second = Promise.withResolvers<void>();
    store.watch(() => second.resolve());
    await watching(store);
    await commit(writer, lease, { events: [nodeEvent("b")] });
    await second.promise;
    expect(calls).toBe(before);
  });

  test("a closed store notifies no one", async () => {
    const { store, another } = await fresh();
    const writer = await another();
    const reader = await another();
    let isTold = false;
    store.watch(() => {
      isTold = true;
    });
    await store.close();
    let isReaderTold = false;
    reader.watch(() => {
      isReaderTold = true;
    });
    let runs = 0;
    // Over a channel, the reader may begin to watch after the first commit.
    await eventually(async () => {
      if (!isReaderTold) await startRun(writer, { runId: `run-${runs++}` });
      return isReaderTold;
    });
    expect(isTold).toBe(false);
  });

  test("what is read together is of one moment, while another store writes", async () => {
    const { store, another } = await fresh();
    const writer = await another();
    const lease = await startRun(writer);
    let isWriting = true;
    const written = (async () => {
      for (let n = 1; n <= turns; n++) {
        const nodeId = `n${n}`;
        await commit(writer, lease, {
          run: { frameNo: n, outputNodeId: nodeId, outputIteration: 0 },
          nodes: [nodeRow({ nodeId, state: "finished" })],
          outputs: [outputRow({ nodeId, outputNo: n, json: String(n) })],
        });
      }
    })().finally(() => {
      isWriting = false;
    });
    while (isWriting) {
      // A store may answer without leaving the turn of the event loop in which it is asked.
      await yieldToEventLoop();
      const detail = (await store.readRunDetail("r"))!;
      const { frameNo } = detail.run;
      expect([detail.nodeCounts.finished ?? 0, Number(detail.output?.json ?? 0)]).toEqual([frameNo, frameNo]);
      for (const read of [await store.readNodes("r", everyNode), await store.loadRun("r")]) {
        expect([read!.nodes.length, read!.outputs.length]).toEqual([read!.run.frameNo, read!.run.frameNo]);
      }
    }
    await written;
    expect((await store.readNodes("r", everyNode))!.nodes).toHaveLength(turns);
  });
}

import { expect, test } from "bun:test";
import type { NewEvent } from "../../../src/model/index.ts";
import { idempotencyKeptMs } from "../../../src/store/rules/start.ts";
import { runRow } from "../rows.ts";
import { codeOf, type FreshDatabase } from "./database.ts";
import { commit, nodeEvent, park, startRun, turn } from "./writes.ts";

const first: NewEvent = { type: "RunStarted", workflowName: "w" };
const request = { key: "k", bodyHash: "h" };

/** Recording runs: each once, whoever asks how often. */
export function starts(fresh: FreshDatabase): void {
  test("a run is read as it was recorded, whatever its input holds", async () => {
    const { store } = await fresh();
    const run = runRow({
      input: { text: "ä \u{1f600} \u0000 ' \" \\ \n", deep: [[[{ a: null }]]], large: 1e300, small: -0.1, no: false },
      config: { maxConcurrency: 3 },
      loops: { loop: 2 },
      traceparent: "00-a-b-01",
      workflowHash: "abc",
    });
    await store.startOnce(run, [first]);
    expect(await store.findRun("r")).toEqual({ ...run, lastSeq: 1 });
  });

  test("an input may be any JSON value", async () => {
    const { store } = await fresh();
    const inputs = [null, false, 0, "", "null", [], {}];
    for (const [index, input] of inputs.entries()) await startRun(store, { runId: `r${index}`, input });
    const read = [];
    for (const index of inputs.keys()) read.push((await store.findRun(`r${index}`))?.input);
    expect(read).toEqual(inputs);
  });

  test("the first events are numbered from 1 and stamped with the run's id and time", async () => {
    const { store } = await fresh();
    const { runId, events } = await store.startOnce(runRow(), [first, nodeEvent("a")]);
    expect(runId).toBe("r");
    expect(events.map(({ seq, type, event }) => [seq, type, event])).toEqual([
      [1, "RunStarted", { type: "RunStarted", runId: "r", timestampMs: 1_000, workflowName: "w" }],
      [2, "NodePending", { type: "NodePending", runId: "r", timestampMs: 1_000, nodeId: "a", iteration: 0 }],
    ]);
    expect(events.map(({ json }) => JSON.parse(json))).toEqual(events.map(({ event }) => event));
  });

  test("an id is used once; a second start changes nothing", async () => {
    const { store } = await fresh();
    await startRun(store, { input: "first" });
    const second = store.startOnce(runRow({ input: "second", owner: "you" }), [first]);
    expect(await codeOf(second)).toBe("RUN_ALREADY_EXISTS");
    expect(await store.findRun("r")).toMatchObject({ input: "first", owner: "me", lastSeq: 1 });
    expect(await store.eventsAfter("r", 0, 10)).toHaveLength(1);
  });

  test("the same request under one key gets the run that it has started", async () => {
    const { store } = await fresh();
    await store.startOnce(runRow(), [first], request);
    expect(await store.startOnce(runRow({ runId: "other" }), [first], request)).toEqual({ runId: "r", events: [] });
    expect(await store.findRun("other")).toBeUndefined();
    expect(await store.findStarted(request, 1_000)).toBe("r");
  });

  test("another request under one key is refused, and starts nothing", async () => {
    const { store } = await fresh();
    await store.startOnce(runRow(), [first], request);
    const other = { ...request, bodyHash: "other" };
    const start = store.startOnce(runRow({ runId: "other" }), [first], other);
    expect(await codeOf(start)).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(await codeOf(store.findStarted(other, 1_000))).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(await store.findRun("other")).toBeUndefined();
  });

  test("a key is free again after a day", async () => {
    const { store } = await fresh();
    await store.startOnce(runRow(), [first], request);
    const createdAtMs = 1_001 + idempotencyKeptMs;
    expect(await store.findStarted(request, createdAtMs)).toBeUndefined();
    const started = await store.startOnce(runRow({ runId: "next", createdAtMs }), [first], request);
    expect(started.runId).toBe("next");
    expect(await store.findStarted(request, createdAtMs)).toBe("next");
  });

  test("one request that comes to two stores at once starts one run", async () => {
    const { store, another } = await fresh();
    const stores = [store, await another()];
    const started = await Promise.all(
      Array.from({ length: 10 }, (_, n) => stores[n % 2]!.startOnce(runRow({ runId: `r${n}` }), [first], request)),
    );
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
    expect(started.filter(({ events }) => events.length > 0)).toHaveLength(1);
    expect((await store.listRuns({ limit: 50 })).runs).toHaveLength(1);
  });

  test("a first turn need not wait for the start", async () => {
    const { store } = await fresh();
    const start = store.startOnce(runRow(), [first]);
    const written = store.commitTurn(turn({ runId: "r", owner: "me", leaseNo: 7 }, { events: [nodeEvent("a")] }));
    expect((await start).events).toMatchObject([{ seq: 1 }]);
    expect(await written).toMatchObject([{ seq: 2, type: "NodePending" }]);
  });

  test("the first turn of a refused start is refused too, and does not touch the run that exists", async () => {
    const { store } = await fresh();
    await startRun(store);
    const start = store.startOnce(runRow({ leaseNo: 8 }), [first]);
    const written = commit(store, { runId: "r", owner: "me", leaseNo: 8 }, { events: [nodeEvent("a")] });
    expect(await Promise.all([codeOf(start), codeOf(written)])).toEqual(["RUN_ALREADY_EXISTS", "LEASE_LOST"]);
    expect(await store.eventsAfter("r", 0, 10)).toHaveLength(1);
  });

  test("output schemas may be recorded again and again, by two stores at once", async () => {
    const { store, another } = await fresh();
    const other = await another();
    const schemas = [
      { key: "result", hash: "1", columns: ["value"] },
      { key: "result", hash: "2", columns: ["value", "more"] },
      { key: "text", hash: "3", columns: [] },
    ];
    await Promise.all([store.registerSchemas(schemas), other.registerSchemas(schemas)]);
    await store.registerSchemas(schemas);
    await park(store, await startRun(store));
  });
}

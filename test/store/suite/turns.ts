import { expect, test } from "bun:test";
import type { Attempt, Node } from "../../../src/model/index.ts";
import { type Idempotency, largeOutputBytes, maxLoadedBytes, type TurnRecord } from "../../../src/store/index.ts";
import { approvalRow, nodeRow, runRow } from "../rows.ts";
import { codeOf, type FreshDatabase } from "./database.ts";
import { askApproval, commit, end, nodeEvent, outputRow, park, startRun } from "./writes.ts";

const error = { code: "X", message: "no", details: { why: ["ä", null] } };

function attemptRow(given: Partial<Attempt> = {}): Attempt {
  const place = { runId: "r", nodeId: "n", iteration: 0, attempt: 1 };
  return { ...place, state: "running", startedAtMs: 2_000, finishedAtMs: null, error: null, stack: null, ...given };
}

/** What a turn writes: all of it, or nothing. */
export function turns(fresh: FreshDatabase): void {
  test("everything that a turn holds is stored", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const node: Node = nodeRow({
      nodeId: "größe/1",
      iteration: 2,
      kind: "event",
      state: "waiting-event",
      ordinal: 3,
      label: "Wait",
      loopId: "loop",
      attempt: 1,
      failures: 1,
      lostAttempts: 1,
      startedAtMs: 2_000,
      wakeAtMs: 9_000,
      awaits: "paid",
      correlationId: "c",
      error,
    });
    const output = outputRow({ json: '{"value":"\\u0000"}' });
    const approval = approvalRow({ metadata: { n: 1 }, options: [{ key: "a", label: "A", summary: null }] });
    const events = await commit(store, lease, {
      run: { frameNo: 4, loops: { loop: 2 }, workflowName: "named", workflowHash: "abc" },
      nodes: [node, nodeRow({ state: "in-progress", attempt: 1 })],
      startedAttempts: [attemptRow()],
      outputs: [output],
      approvals: [approval],
      cached: [{ cacheKey: "k", json: "[1]" }],
      events: [nodeEvent("a"), nodeEvent("b")],
    });
    expect(events).toMatchObject([
      { seq: 2, event: { nodeId: "a", timestampMs: 2_000 } },
      { seq: 3, event: { nodeId: "b" } },
    ]);
    const stored = (await store.loadRun("r"))!;
    expect(stored.run).toMatchObject({ frameNo: 4, loops: { loop: 2 }, workflowName: "named", workflowHash: "abc" });
    expect(stored).toMatchObject({ nodes: [{ nodeId: "n" }, node], outputs: [output], approvals: [approval] });
    expect(stored.runningAttempts).toEqual([{ nodeId: "n", iteration: 0, startedAtMs: 2_000 }]);
    expect(await store.findCached("k")).toBe("[1]");
  });

  test("large values of a turn are stored as they are, among small ones", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const large = (text: string) => JSON.stringify({ text: text.repeat(70_000), "\u0000": 'größe 👩‍🚀 \ud800 "' });
    const outputs = ["1", large("a"), "[]", large("\\ü"), '""'].map((json, n) =>
      outputRow({ outputNo: n + 1, iteration: n, json }),
    );
    const cached = [large("b"), "{}", large("\u2028")].map((json, n) => ({ cacheKey: `k${n}`, json }));
    await commit(store, lease, { nodes: [nodeRow({ iteration: 1 })], outputs, cached });
    const loaded = (await store.loadRun("r"))!.outputs;
    const listed = outputs.map(({ json, ...rest }) => {
      const bytes = Buffer.byteLength(json);
      return { ...rest, bytes, json: bytes > largeOutputBytes ? null : json };
    });
    expect(loaded).toEqual(listed);
    expect(loaded.filter(({ json }) => json === null)).toHaveLength(2);
    for (const { nodeId, iteration, json } of outputs) {
      const bytes = (await store.readOutput("r", nodeId, iteration))!;
      expect(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).toBe(json);
    }
    expect(await store.readOutput("r", "n", 99)).toBeUndefined();
    expect(await store.readNode("r", "n", 1)).toMatchObject({ output: { json: null, bytes: listed[1]!.bytes } });
    const last = { outputNodeId: "n", outputIteration: 1 };
    await commit(store, lease, { run: last });
    expect(await store.readRunDetail("r")).toMatchObject({ output: listed[1]! });
    for (const { cacheKey, json } of cached) expect(await store.findCached(cacheKey)).toBe(json);
  });

  test("a run is loaded with its latest values when all of them are too many", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const json = JSON.stringify("x".repeat(60_000));
    const outputs = Array.from({ length: 150 }, (_, n) => outputRow({ outputNo: n + 1, iteration: n, json }));
    await commit(store, lease, { outputs });
    const loaded = (await store.loadRun("r"))!.outputs;
    const kept = Math.floor(maxLoadedBytes / json.length);
    expect(loaded.map((one) => one.json === json)).toEqual(outputs.map((_, n) => n >= outputs.length - kept));
    expect(loaded.every(({ bytes }) => bytes === json.length)).toBe(true);
  });

  test("of writes that come at one moment, what is refused changes nothing, and the others are stored", async () => {
    const { store } = await fresh();
    for (const runId of ["kept", "twice", "lost", "cancelled", "exists"]) await startRun(store, { runId });
    await store.requestCancel("cancelled", 1_500);
    const writing = (runId: string, given: Partial<TurnRecord> = {}, nodeId = "n") =>
      commit(
        store,
        { runId, owner: "me", leaseNo: runId === "lost" ? 6 : 7 },
        {
          nodes: [nodeRow({ runId, nodeId, state: "in-progress", attempt: 1 })],
          startedAttempts: [{ ...attemptRow({ nodeId }), runId }],
          outputs: [outputRow({ runId, nodeId })],
          cached: [{ cacheKey: `${runId} ${nodeId}`, json: "1" }],
          events: [nodeEvent(nodeId)],
          ...given,
        },
      );
    const starting = (runId: string, owner: string, idempotency?: Idempotency) =>
      store.startOnce(runRow({ runId, owner }), [nodeEvent("start")], idempotency);
    const ended = { run: { status: "finished", finishedAtMs: 2_000, release: true } } as const;
    const [cancelled, ...settled] = await Promise.all([
      writing("cancelled", ended),
      codeOf(writing("lost")),
      // Their runs exist: an owner that starts one again must not write a turn of it.
      codeOf(starting("exists", "you")),
      codeOf(commit(store, { runId: "exists", owner: "you", leaseNo: 7 }, { nodes: [nodeRow({ runId: "exists" })] })),
      writing("kept", ended),
      writing("twice"),
      writing("twice", {}, "m"),
      store.receiveSignal({ runId: "twice", name: "go", correlationId: null, data: null, receivedBy: null }, 2_000),
      starting("new", "me"),
      writing("new", ended),
      starting("keyed", "me", { key: "k", bodyHash: "h" }),
      writing("keyed"),
      starting("alone", "me"),
    ]);
    expect(cancelled).toBe("cancel-pending");
    expect(settled.slice(0, 3)).toEqual(["LEASE_LOST", "RUN_ALREADY_EXISTS", "LEASE_LOST"]);
    const read = async (runId: string) => {
      const { run, nodes, outputs, runningAttempts } = (await store.loadRun(runId))!;
      const events = await store.eventsAfter(runId, 0, 10);
      expect(events.map(({ seq }) => seq)).toEqual([...events.keys()].map((index) => index + 1));
      expect(run.lastSeq).toBe(events.length);
      expect([nodes.length, outputs.length]).toEqual([runningAttempts.length, runningAttempts.length]);
      const cached = await Promise.all(["n", "m"].map((nodeId) => store.findCached(`${runId} ${nodeId}`)));
      expect(cached.filter((json) => json !== undefined)).toHaveLength(nodes.length);
      return { status: run.status, nodes: nodes.length, events: events.length };
    };
    const unchanged = { status: "running", nodes: 0, events: 1 } as const;
    for (const runId of ["lost", "exists", "cancelled", "alone"]) expect(await read(runId)).toEqual(unchanged);
    expect(await read("kept")).toEqual({ status: "finished", nodes: 1, events: 2 });
    expect(await read("new")).toEqual({ status: "finished", nodes: 1, events: 2 });
    expect(await read("keyed")).toEqual({ status: "running", nodes: 1, events: 2 });
    expect(await read("twice")).toEqual({ status: "running", nodes: 2, events: 4 });
  });

  test("a turn changes what it names in the run's row, and nothing else", async () => {
    const { store } = await fresh();
    const lease = await startRun(store, { wakeAtMs: 5, crashes: 2 });
    const before = await store.findRun("r");
    await commit(store, lease, { run: { wakeAtMs: null, error } });
    expect(await store.findRun("r")).toEqual({ ...before!, wakeAtMs: null, error });
  });

  test("a turn that releases the run gives its lease up", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await park(store, lease, { takenNo: 3 });
    expect(await store.findRun("r")).toMatchObject({ owner: null, leaseNo: 7, status: "waiting-event", takenNo: 3 });
    expect(await codeOf(commit(store, lease))).toBe("LEASE_LOST");
  });

  test("a node that is written again is replaced", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { nodes: [nodeRow({ state: "failed", error, wakeAtMs: 5 })] });
    const node = nodeRow({ state: "pending", label: "again" });
    await commit(store, lease, { nodes: [node] });
    expect(await store.nodesOf("r")).toEqual([node]);
  });

  test("a turn that cannot be written whole writes nothing, and others that come with it are written", async () => {
    const { store } = await fresh();
    const bad = await startRun(store, { runId: "bad" });
    const good = await startRun(store, { runId: "good" });
    const twice = attemptRow({ runId: "bad" });
    const [refused, , written] = await Promise.allSettled([
      commit(store, bad, { run: { frameNo: 1 }, nodes: [nodeRow({ runId: "bad" })], startedAttempts: [twice, twice] }),
      commit(store, good, { events: [nodeEvent("a")] }),
      commit(store, good, { events: [nodeEvent("b")] }),
    ]);
    expect(refused.status).toBe("rejected");
    expect(written).toMatchObject({ status: "fulfilled", value: [{ seq: 3 }] });
    expect(await store.loadRun("bad")).toMatchObject({ run: { frameNo: 0 }, nodes: [], runningAttempts: [] });
  });

  test("once its cancellation is asked for, a run ends in no other way", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await store.requestCancel("r", 2_500);
    expect(await end(store, lease, "finished")).toBe("cancel-pending");
    expect(await end(store, lease, "failed")).toBe("cancel-pending");
    expect(await store.findRun("r")).toMatchObject({ status: "running", owner: "me", lastSeq: 1 });
    expect(await commit(store, lease, { events: [nodeEvent("a")] })).toHaveLength(1);
    expect(await end(store, lease, "cancelled")).toHaveLength(1);
    expect(await store.findRun("r")).toMatchObject({ status: "cancelled", owner: null });
  });

  test("an attempt's end is stored with its error", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { nodes: [nodeRow()], startedAttempts: [attemptRow(), attemptRow({ attempt: 2 })] });
    const ended = { nodeId: "n", iteration: 0, startedAtMs: 2_000 };
    await commit(store, lease, {
      nowMs: 3_000,
      endedAttempts: [
        { ...ended, attempt: 1, state: "failed", error, stack: "Error: no\n    at w.tsx:1:2" },
        { ...ended, attempt: 2, state: "finished", error: null, stack: null },
      ],
    });
    expect((await store.readNode("r", "n", 0))?.attempts).toEqual([
      attemptRow({ state: "failed", finishedAtMs: 3_000, error, stack: "Error: no\n    at w.tsx:1:2" }),
      attemptRow({ attempt: 2, state: "finished", finishedAtMs: 3_000 }),
    ]);
  });

  test("a decision that was made meanwhile is not withdrawn", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store));
    await store.decide({ runId: "r", nodeId: "n", status: "granted", decidedBy: "ann" }, 2_500);
    const lease = (await store.takeLease("r", "me", 7, 2_600))!;
    await commit(store, lease, { approvals: [approvalRow({ status: "cancelled" })] });
    expect((await store.loadRun("r"))?.approvals).toMatchObject([{ status: "granted", decidedBy: "ann" }]);
  });

  test("a question that is asked again is open again", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { approvals: [approvalRow()] });
    await commit(store, lease, { approvals: [approvalRow({ status: "expired" })] });
    await commit(store, lease, { approvals: [approvalRow({ title: "Again?", requestedAtMs: 4_000 })] });
    expect((await store.loadRun("r"))?.approvals).toEqual([approvalRow({ title: "Again?", requestedAtMs: 4_000 })]);
  });

  test("a question that one turn closes and asks again is open, and one that it asks and closes is closed", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { approvals: [approvalRow()] });
    const again = approvalRow({ title: "Again?", requestedAtMs: 4_000 });
    const short = approvalRow({ nodeId: "short" });
    await commit(store, lease, {
      approvals: [approvalRow({ status: "cancelled" }), again, short, { ...short, status: "cancelled" }],
    });
    const { approvals } = (await store.loadRun("r"))!;
    expect(approvals.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1))).toEqual([
      again,
      { ...short, status: "cancelled" },
    ]);
  });

  test("a cached result is replaced by a later one", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, { cached: [{ cacheKey: "k", json: "1" }] });
    await commit(store, lease, { cached: [{ cacheKey: "k", json: "2" }] });
    expect(await store.findCached("k")).toBe("2");
    expect(await store.findCached("other")).toBeUndefined();
  });

  test("turns of many runs that are asked for at once are all written, each in its run's order", async () => {
    const { store } = await fresh();
    const runIds = Array.from({ length: 20 }, (_, n) => `r${n}`);
    const held = await Promise.all(runIds.map((runId) => startRun(store, { runId })));
    await Promise.all(
      held.flatMap((lease) => ["a", "b", "c"].map((id) => commit(store, lease, { events: [nodeEvent(id)] }))),
    );
    for (const runId of runIds) {
      const events = await store.eventsAfter(runId, 1, 10);
      expect(events.map(({ seq, json }) => [seq, JSON.parse(json).nodeId])).toEqual([
        [2, "a"],
        [3, "b"],
        [4, "c"],
      ]);
    }
  });
}

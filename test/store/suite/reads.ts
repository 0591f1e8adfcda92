import { expect, test } from "bun:test";
import type { NodePage } from "../../../src/store/index.ts";
import { approvalRow, nodeRow, runRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { askApproval, commit, end, everyNode, nodeEvent, outputRow, park, startRun } from "./writes.ts";

/** What is read of one run. */
export function reads(fresh: FreshDatabase): void {
  test("of a run that does not exist, nothing is read", async () => {
    const { store } = await fresh();
    const read = [
      store.findRun("r"),
      store.loadRun("r"),
      store.readRunDetail("r"),
      store.readOutcome("r"),
      store.readNodes("r", everyNode),
      store.readOverview("r", everyNode, 1),
      store.readNode("r", "n", 0),
      store.readFrames("r", { order: "asc", afterFrameNo: 0, limit: 10 }),
      store.lastEvent("r"),
    ];
    expect(new Set(await Promise.all(read))).toEqual(new Set([undefined]));
    expect(await store.readRuns(["r"])).toEqual([]);
    expect(await store.nodesOf("r")).toEqual([]);
    expect(await store.eventsAfter("r", 0, 10)).toEqual([]);
  });

  test("nodes come in plan order; an execution gets outputs in the order in which they were stored", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const nodes = [
      nodeRow({ nodeId: "z", ordinal: 0 }),
      nodeRow({ nodeId: "b", ordinal: 1 }),
      nodeRow({ nodeId: "b", ordinal: 1, iteration: 1 }),
      nodeRow({ nodeId: "a", ordinal: 2 }),
    ];
    const outputs = ["z", "a", "b"].map((nodeId, index) => outputRow({ nodeId, outputNo: index + 1 }));
    await commit(store, lease, { nodes: nodes.toReversed(), outputs: outputs.toReversed() });
    expect(await store.readNodes("r", everyNode)).toMatchObject({ run: { runId: "r" }, nodes, hasMore: false });
    expect(await store.loadRun("r")).toMatchObject({ nodes, outputs });
    expect(await store.nodesOf("r")).toEqual(nodes);
  });

  test("nodes are read in pages, each after the last node of the one before", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const nodes = [0, 1, 2].flatMap((ordinal) =>
      [0, 1].map((iteration) => nodeRow({ nodeId: `n${ordinal}`, ordinal, iteration })),
    );
    const again = nodeRow({ nodeId: "m", ordinal: 0 });
    await commit(store, lease, { nodes: [...nodes, again] });
    const read = [];
    let page: NodePage | undefined;
    do {
      page = await store.readNodes("r", { ...everyNode, limit: 2, after: page?.nodes.at(-1) });
      read.push(page!.nodes);
    } while (page?.hasMore);
    expect(read.map(({ length }) => length)).toEqual([2, 2, 2, 1]);
    expect(read.flat()).toEqual([again, ...nodes]);
  });

  test("large outputs are left out of a page, and a page ends before the others become many", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const json = (bytes: number) => JSON.stringify("é".repeat((bytes - 2) / 2));
    const sizes = [1_000_000, 3_000_000, 400_000, 3_000_002, 10];
    await commit(store, lease, {
      nodes: sizes.map((_, ordinal) => nodeRow({ nodeId: `n${ordinal}`, ordinal })),
      outputs: sizes.map((bytes, index) => outputRow({ nodeId: `n${index}`, outputNo: index + 1, json: json(bytes) })),
    });
    const query = { limit: 10, maxOutputBytes: 3_000_000 };
    const first = (await store.readNodes("r", query))!;
    expect(first.outputs.map(({ nodeId }) => nodeId)).toEqual(["n0", "n1"]);
    expect(first).toMatchObject({ largeOutputs: [], hasMore: true });
    const rest = (await store.readNodes("r", { ...query, after: first.nodes.at(-1) }))!;
    expect(rest.nodes.map(({ nodeId }) => nodeId)).toEqual(["n2", "n3", "n4"]);
    expect(rest.outputs).toEqual([expect.objectContaining({ json: json(sizes[2]!) }), expect.anything()]);
    expect(rest).toMatchObject({ largeOutputs: [{ nodeId: "n3", iteration: 0, bytes: sizes[3] }], hasMore: false });
  });

  test("a run's detail counts its nodes by state, and has the value of the task that finished last", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, {
      run: { outputNodeId: "n", outputIteration: 1 },
      nodes: [
        nodeRow({ state: "finished" }),
        nodeRow({ state: "finished", iteration: 1 }),
        nodeRow({ nodeId: "m", state: "failed" }),
      ],
      outputs: [outputRow({ json: '{"first":1}' }), outputRow({ iteration: 1, outputNo: 2, json: '{"last":2}' })],
    });
    const detail = await store.readRunDetail("r");
    expect(detail).toMatchObject({
      run: { runId: "r" },
      nodeCounts: { finished: 2, failed: 1 },
      output: { json: '{"last":2}', bytes: 10 },
    });
    expect(await store.readOutcome("r")).toMatchObject({ run: { runId: "r" }, output: { last: 2 } });
  });

  test("a value that is null is not the same as none", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    expect((await store.readOutcome("r"))!.output).toBeUndefined();
    await commit(store, lease, {
      run: { outputNodeId: "n", outputIteration: 0 },
      nodes: [nodeRow()],
      outputs: [outputRow({ json: "null" })],
    });
    expect((await store.readOutcome("r"))!.output).toBeNull();
  });

  test("one node is read with its own rows and events, in its iteration, and no other's", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const attempt = {
      runId: "r",
      nodeId: "n",
      state: "running",
      startedAtMs: 1,
      finishedAtMs: null,
      error: null,
      stack: null,
    } as const;
    await commit(store, lease, {
      nodes: [nodeRow(), nodeRow({ iteration: 1 }), nodeRow({ nodeId: "nn" })],
      startedAttempts: [
        { ...attempt, iteration: 0, attempt: 1 },
        { ...attempt, iteration: 1, attempt: 1 },
        { ...attempt, iteration: 1, attempt: 2 },
      ],
      outputs: [outputRow(), outputRow({ iteration: 1, outputNo: 2, json: "2" })],
      approvals: [approvalRow(), approvalRow({ iteration: 1, title: "Second?" })],
      events: [nodeEvent("n"), nodeEvent("n", 1), nodeEvent("nn", 1), { type: "RunStatusChanged", status: "running" }],
    });
    const read = (await store.readNode("r", "n", 1))!;
    expect(read).toMatchObject({
      run: { runId: "r" },
      node: { nodeId: "n", iteration: 1 },
      output: { json: "2" },
      approval: { title: "Second?" },
      attempts: [
        { iteration: 1, attempt: 1 },
        { iteration: 1, attempt: 2 },
      ],
      toolCalls: [],
    });
    expect(await store.readNode("r", "n")).toEqual(read);
    expect((await store.eventsOfNode("r", "n", 1)).map(({ seq }) => seq)).toEqual([3]);
    expect(await store.readNode("r", "n", 2)).toBeUndefined();
    expect(await store.readNode("r", "none")).toBeUndefined();
    expect(await store.readNode("r", "nn", 0)).toMatchObject({ output: undefined, approval: undefined });
    expect(await store.eventsOfNode("r", "nn", 0)).toEqual([]);
  });

  test("the last prompts of a node's agents in one iteration, oldest first", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const ask = (nodeId: string, iteration: number, prompt: string) =>
      ({ type: "AgentPrompted", nodeId, iteration, attempt: 1, agent: "a", prompt }) as const;
    await commit(store, lease, {
      events: [
        ask("n", 1, "1"),
        ask("n", 1, 'says "nodeId":"other","iteration":0,'),
        ask("other", 1, "no"),
        ask("n", 0, "no"),
        ask('"q"', 10, "quoted"),
        ask("n", 1, "3"),
      ],
    });
    const prompts = async (nodeId: string, iteration: number, limit: number) =>
      (await store.promptsOf("r", nodeId, iteration, limit)).map(({ json }) => JSON.parse(json).prompt);
    expect(await prompts("n", 1, 2)).toEqual(['says "nodeId":"other","iteration":0,', "3"]);
    expect(await prompts("n", 1, 9)).toHaveLength(3);
    expect(await prompts('"q"', 10, 9)).toEqual(["quoted"]);
    expect(await prompts('"q"', 1, 9)).toEqual([]);
  });

  test("events are read on from a number, a page at a time", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await startRun(store, { runId: "other" });
    const events = (await commit(store, lease, { events: ["a", "b", "c"].map((id) => nodeEvent(id)) })) as {
      json: string;
    }[];
    const page = await store.eventsAfter("r", 1, 2);
    expect(page.map(({ seq, type, runId, json }) => [seq, type, runId, json])).toEqual([
      [2, "NodePending", "r", events[0]!.json],
      [3, "NodePending", "r", events[1]!.json],
    ]);
    expect(await store.eventsAfter("r", 3, 2)).toMatchObject([{ seq: 4 }]);
    expect(await store.eventsAfter("r", 4, 2)).toEqual([]);
    expect(await store.lastEvent("r")).toMatchObject({ seq: 4, json: events[2]!.json });
  });

  test("a waiting run's health is read off the nodes that wait, the longest waiting first", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const waits = nodeRow({ nodeId: "late", state: "waiting-event", startedAtMs: 3_000, awaits: "paid" });
    const nodes = [nodeRow(), waits, nodeRow({ nodeId: "early", state: "waiting-timer", startedAtMs: 2_000 })];
    await commit(store, lease, { run: { status: "waiting-event", release: true }, nodes });
    expect((await store.waitingNodes("r")).map(({ nodeId }) => nodeId)).toEqual(["early", "late"]);
    const { healthSignals } = (await store.readRunDetail("r"))!;
    expect(healthSignals).toMatchObject({
      nodes: [{ nodeId: "early" }, { nodeId: "late", awaits: "paid" }],
      newsAtMs: null,
    });
  });

  test("what has arrived for a parked run and is not taken in yet is listed with its time", async () => {
    const { store } = await fresh();
    await park(store, await startRun(store));
    await store.receiveSignal({ runId: "r", name: "paid" }, 2_500);
    expect((await store.readRunDetail("r"))!.healthSignals).toMatchObject({ newsAtMs: 2_500 });
    await store.requestCancel("r", 2_900);
    expect((await store.readRunDetail("r"))!.healthSignals).toMatchObject({ newsAtMs: 2_900 });
  });

  test("a running run's health is read off the nodes that are tried again", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, {
      nodes: [
        nodeRow({ nodeId: "fine", state: "in-progress" }),
        nodeRow({ nodeId: "retried", failures: 2 }),
        nodeRow({ nodeId: "lost", state: "in-progress", lostAttempts: 1 }),
        nodeRow({ nodeId: "over", state: "failed", failures: 3 }),
      ],
    });
    const { nodes } = (await store.readRunDetail("r"))!.healthSignals;
    expect(nodes.map(({ nodeId }) => nodeId).sort()).toEqual(["lost", "retried"]);
  });

  test("several runs are read with their health, as far as they exist", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store, { runId: "asks" }));
    await end(store, await startRun(store, { runId: "ended" }), "finished");
    const read = await store.readRuns(["asks", "none", "ended"]);
    const byId = Object.fromEntries(read.map((one) => [one.run.runId, one.healthSignals.nodes.length]));
    expect(byId).toEqual({ asks: 1, ended: 0 });
  });

  test("a run that this database only has a copy of is read like any other", async () => {
    const { store } = await fresh();
    await store.startOnce(runRow({ home: "elsewhere", owner: null }), [nodeEvent("a")]);
    expect(await store.readRunDetail("r")).toMatchObject({ run: { home: "elsewhere" } });
  });
}

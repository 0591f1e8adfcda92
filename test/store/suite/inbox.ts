import { expect, test } from "bun:test";
import { approvalRow, nodeRow } from "../rows.ts";
import { codeOf, type FreshDatabase } from "./database.ts";
import { askApproval, commit, end, nodeEvent, nowMs, park, startRun } from "./writes.ts";

const signal = { runId: "r", name: "paid" };
const granted = { runId: "r", nodeId: "n", status: "granted" } as const;

/** What comes for a run from outside: signals, decisions, requests to cancel it and to retry a node. */
export function inbox(fresh: FreshDatabase): void {
  test("signals are numbered in the order in which they come, and wait in it", async () => {
    const { store } = await fresh();
    await startRun(store);
    const data = { text: "\u{1f600}", list: [1, null] };
    const first = await store.receiveSignal({ ...signal, data, correlationId: "c", receivedBy: "shop" }, 2_500);
    await store.receiveSignal(signal, 2_600);
    expect(first).toMatchObject({ signal: { seq: 1, data, receivedBy: "shop" }, events: [{ seq: 2 }] });
    const { inboxNo, signals } = await store.readInbox("r");
    expect(inboxNo).toBe(2);
    expect(signals).toMatchObject([{ ...first.signal }, { seq: 2, data: null, receivedAtMs: 2_600 }]);
  });

  test("signals that come to two stores at once have numbers of their own", async () => {
    const { store, another } = await fresh();
    await startRun(store);
    const stores = [store, await another()];
    await Promise.all(Array.from({ length: 20 }, (_, n) => stores[n % 2]!.receiveSignal(signal, 2_500)));
    const { inboxNo, signals } = await store.readInbox("r");
    expect(inboxNo).toBe(20);
    expect(signals.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    const events = await store.eventsAfter("r", 0, 100);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
  });

  test("a signal that a wait has consumed is not delivered again", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    for (const name of ["a", "b", "c"]) await store.receiveSignal({ runId: "r", name }, 2_500);
    await commit(store, lease, { consumedSignals: [{ seq: 2, nodeId: "wait", iteration: 0 }] });
    expect((await store.readInbox("r")).signals.map(({ name }) => name)).toEqual(["a", "c"]);
    expect((await store.loadRun("r"))?.signals.map(({ name }) => name)).toEqual(["a", "c"]);
  });

  test("the inbox of a run that does not exist is empty", async () => {
    const { store } = await fresh();
    expect(await store.readInbox("r")).toEqual({ inboxNo: 0, cancelRequestedAtMs: null, decisions: [], signals: [] });
  });

  test("a run has news until a turn has taken everything in", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await startRun(store, { runId: "quiet" });
    await store.receiveSignal(signal, 2_500);
    await store.receiveSignal(signal, 2_600);
    await commit(store, lease, { run: { takenNo: 1 } });
    expect(await store.runsWithNews()).toEqual([{ runId: "r", workflowPath: "w.tsx" }]);
    await commit(store, lease, { run: { takenNo: 2 } });
    expect(await store.runsWithNews()).toEqual([]);
  });

  test("a decision is stored with its event, and lies in the inbox", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store));
    const events = await store.decide({ ...granted, decidedBy: "ann", note: "fine" }, Date.now());
    expect(events).toMatchObject([{ seq: 2, event: { type: "ApprovalGranted", nodeId: "n", decidedBy: "ann" } }]);
    const { inboxNo, decisions } = await store.readInbox("r");
    expect(inboxNo).toBe(1);
    expect(decisions).toMatchObject([{ nodeId: "n", status: "granted", decidedBy: "ann", note: "fine" }]);
    expect(await store.pendingApprovals({ nowMs, limit: 10 })).toEqual([]);
  });

  test("of decisions that come to two stores at once, the first counts, and the same again changes nothing", async () => {
    const { store, another } = await fresh();
    await askApproval(store, await startRun(store));
    const stores = [store, await another()];
    const asked = Array.from({ length: 6 }, (_, n) => stores[n % 2]!.decide(granted, Date.now()));
    const recorded = (await Promise.all(asked)).flat();
    expect(recorded).toHaveLength(1);
    expect(await codeOf(store.decide({ ...granted, status: "denied" }, Date.now()))).toBe("NODE_NOT_WAITING");
  });

  test("a decision is in time by the clock when it is written, not by the time that the caller names", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store), Date.now() - 1);
    expect(await codeOf(store.decide(granted, 0))).toBe("NODE_NOT_WAITING");
    expect(await store.lastEvent("r")).toMatchObject({ seq: 1 });
  });

  test("a choice among options is stored", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const options = ["a", "b"].map((key) => ({ key, label: key, summary: null }));
    const rank = approvalRow({ nodeId: "rank", mode: "rank", options });
    await commit(store, lease, { approvals: [approvalRow({ mode: "select", options }), rank] });
    await store.decide({ ...granted, selected: "b" }, Date.now());
    await store.decide({ ...granted, nodeId: "rank", ranked: ["b", "a"] }, Date.now());
    expect(await codeOf(store.decide({ ...granted, selected: "x" }, Date.now()))).toBe("INVALID_REQUEST");
    const { decisions } = await store.readInbox("r");
    expect(decisions.map(({ nodeId, selected, ranked }) => [nodeId, selected, ranked]).sort()).toEqual([
      ["n", "b", null],
      ["rank", null, ["b", "a"]],
    ]);
  });

  test("an answer is stored with its question, and the question may be asked again", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const form = { schema: { type: "object" }, maxAttempts: 3 };
    await commit(store, lease, { approvals: [approvalRow({ mode: "answer", form, asked: 1 })] });
    await store.decide({ ...granted, data: { grade: [1, null] } }, Date.now());
    const { decisions } = await store.readInbox("r");
    expect(decisions).toMatchObject([{ form, asked: 1, refusal: null, data: { grade: [1, null] } }]);
    const refusal = { code: "INVALID_OUTPUT", message: "No.", details: { issues: [] } };
    await commit(store, lease, { approvals: [{ ...decisions[0]!, status: "requested", asked: 2, refusal }] });
    const query = { nowMs: Date.now(), limit: 9 };
    expect(await store.pendingApprovals(query)).toMatchObject([{ asked: 2, refusal, data: { grade: [1, null] } }]);
    await store.decide({ ...granted, data: 4 }, Date.now());
    expect((await store.readInbox("r")).decisions).toMatchObject([{ asked: 2, data: 4 }]);
  });

  test("a request to cancel is noted once, with the time of the first", async () => {
    const { store } = await fresh();
    await startRun(store);
    expect(await store.requestCancel("r", 2_500)).toMatchObject({ owner: "me", cancelRequestedAtMs: null });
    await store.requestCancel("r", 2_600);
    expect(await store.readInbox("r")).toMatchObject({ cancelRequestedAtMs: 2_500 });
    expect(await store.runsWithNews()).toEqual([{ runId: "r", workflowPath: "w.tsx" }]);
    expect(await codeOf(store.receiveSignal(signal, 2_700))).toBe("RUN_NOT_ACTIVE");
  });

  test("a failed node is retried: it is pending again, and its run continues without an owner", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    await commit(store, lease, {
      run: { status: "failed", finishedAtMs: 3_000, error: { code: "X", message: "no" }, release: true },
      nodes: [
        nodeRow({ nodeId: "bad", state: "failed", failures: 2 }),
        nodeRow({ nodeId: "also-bad", state: "failed", failures: 2 }),
        nodeRow({ nodeId: "cut", state: "cancelled" }),
      ],
    });
    const { iteration, events } = await store.retryNode({ runId: "r", nodeId: "bad" }, 7, 4_000);
    expect(iteration).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(["RunStatusChanged", "NodePending"]);
    const { run, nodes } = (await store.loadRun("r"))!;
    expect(run).toMatchObject({ status: "running", owner: null, error: null, finishedAtMs: null, reopened: 1 });
    expect(Object.fromEntries(nodes.map(({ nodeId, state, failures }) => [nodeId, [state, failures]]))).toEqual({
      bad: ["pending", 0],
      "also-bad": ["failed", 2],
      cut: ["pending", 0],
    });
  });

  test("a node of a parked run is retried, and what was cancelled in it stays so", async () => {
    const { store } = await fresh();
    const lease = await startRun(store);
    const nodes = [
      nodeRow({ nodeId: "bad", state: "failed", iteration: 1 }),
      nodeRow({ nodeId: "cut", state: "cancelled" }),
    ];
    await commit(store, lease, { run: { status: "waiting-event", release: true }, nodes });
    expect(await store.retryNode({ runId: "r", nodeId: "bad" }, 7, 4_000)).toMatchObject({ iteration: 1 });
    expect((await store.findRun("r"))?.status).toBe("waiting-event");
    expect((await store.nodesOf("r")).map(({ nodeId, state }) => [nodeId, state]).sort()).toEqual([
      ["bad", "pending"],
      ["cut", "cancelled"],
    ]);
  });

  test("a refusal has its code and writes nothing", async () => {
    const { store } = await fresh();
    await end(store, await startRun(store), "finished");
    await park(store, await startRun(store, { runId: "parked" }));
    const node = { runId: "parked", nodeId: "n" };
    const refused: [Promise<unknown>, string][] = [
      [store.receiveSignal({ runId: "none", name: "x" }, 1), "RUN_NOT_FOUND"],
      [store.receiveSignal(signal, 1), "RUN_NOT_ACTIVE"],
      [store.decide({ ...granted, runId: "none" }, 1), "RUN_NOT_FOUND"],
      [store.decide({ ...granted, runId: "parked" }, 1), "NODE_NOT_FOUND"],
      [store.requestCancel("none", 1), "RUN_NOT_FOUND"],
      [store.requestCancel("r", 1), "RUN_NOT_ACTIVE"],
      [store.retryNode({ ...node, runId: "none" }, 7, 1), "RUN_NOT_FOUND"],
      [store.retryNode({ ...node, runId: "r" }, 7, 1), "RUN_NOT_ACTIVE"],
      [store.retryNode(node, 6, 1), "RUN_IN_PROGRESS"],
      [store.retryNode(node, 7, 1), "NODE_NOT_FOUND"],
    ];
    const codes = await Promise.all(refused.map(([work]) => codeOf(work)));
    expect(codes).toEqual(refused.map(([, code]) => code));
    expect(await store.runsWithNews()).toEqual([]);
    expect(await store.lastEvent("parked")).toMatchObject({ seq: 1 });
  });

  test("events of turns, signals and decisions have one row of numbers, without gaps", async () => {
    const { store, another } = await fresh();
    const lease = await startRun(store);
    const other = await another();
    await Promise.all(
      Array.from({ length: 15 }, (_, n) => [
        commit(store, lease, { events: [nodeEvent(`a${n}`), nodeEvent(`b${n}`)] }),
        other.receiveSignal(signal, 2_500),
      ]).flat(),
    );
    const events = await store.eventsAfter("r", 0, 1_000);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 46 }, (_, n) => n + 1));
    expect(await store.findRun("r")).toMatchObject({ lastSeq: 46 });
  });
}

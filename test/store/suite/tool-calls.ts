import { expect, test } from "bun:test";
import type { Store } from "../../../src/store/index.ts";
import { nodeRow } from "../rows.ts";
import type { FreshDatabase } from "./database.ts";
import { commit, startRun } from "./writes.ts";

const call = {
  nodeId: "n",
  iteration: 0,
  attempt: 1,
  callNo: 1,
  toolName: "pay",
  idempotencyKey: "k",
  repeats: true,
  arguments: { cents: 250, note: "'" },
};
const place = { nodeId: "n", iteration: 0, startedAtMs: 2_000 };

/** A run with attempts 1 to 3 of its node `n` under way. */
async function withAttempts(store: Store) {
  const lease = await startRun(store);
  const row = { runId: "r", ...place, state: "running", finishedAtMs: null, error: null, stack: null } as const;
  await commit(store, lease, {
    nodes: [nodeRow({ state: "in-progress" })],
    startedAttempts: [1, 2, 3].map((attempt) => ({ ...row, attempt })),
  });
  return lease;
}

const callsOf = async (store: Store) => (await store.readNode("r", "n", 0))!.toolCalls;

/** Tool calls: each recorded before it is made, and closed when it or its attempt ends. */
export function toolCalls(fresh: FreshDatabase): void {
  test("a call is recorded with its event before it is made", async () => {
    const { store } = await fresh();
    const begun = await store.beginToolCall(await withAttempts(store), call, 2_500);
    expect(begun).toMatchObject({
      replayed: false,
      events: [{ seq: 2, event: { type: "ToolCallStarted", callNo: 1 } }],
    });
    const { repeats: _, ...row } = call;
    expect(await callsOf(store)).toEqual([
      { runId: "r", ...row, state: "running", startedAtMs: 2_500, finishedAtMs: null, error: null },
    ]);
  });

  test("a call that an earlier attempt has begun is marked as a repetition", async () => {
    const { store } = await fresh();
    const lease = await withAttempts(store);
    await store.beginToolCall(lease, call, 2_500);
    const again = await store.beginToolCall(lease, { ...call, attempt: 2, arguments: null }, 2_600);
    expect((await callsOf(store)).map((one) => one.arguments)).toEqual([call.arguments, null]);
    expect(again).toMatchObject({ replayed: true, events: [{ event: { replayed: true } }] });
    const other = { ...call, attempt: 2, callNo: 2, idempotencyKey: "other" };
    expect(await store.beginToolCall(lease, other, 2_700)).toMatchObject({ replayed: false });
  });

  test("a call that may be made twice is never marked as a repetition", async () => {
    const { store } = await fresh();
    const lease = await withAttempts(store);
    await store.beginToolCall(lease, { ...call, repeats: false }, 2_500);
    const again = await store.beginToolCall(lease, { ...call, attempt: 2, repeats: false }, 2_600);
    expect(again.replayed).toBe(false);
  });

  test("a call ends with the turn that says so, finished or failed", async () => {
    const { store } = await fresh();
    const lease = await withAttempts(store);
    await store.beginToolCall(lease, call, 2_500);
    await store.beginToolCall(lease, { ...call, callNo: 2, idempotencyKey: "k2" }, 2_500);
    const ended = { ...place, attempt: 1, toolName: "pay", finishedAtMs: 2_900 };
    const error = { code: "X", message: "no" };
    await commit(store, lease, {
      endedToolCalls: [
        { ...ended, callNo: 1, error: null },
        { ...ended, callNo: 2, error },
      ],
    });
    expect(await callsOf(store)).toMatchObject([
      { callNo: 1, state: "finished", finishedAtMs: 2_900, error: null },
      { callNo: 2, state: "failed", finishedAtMs: 2_900, error },
    ]);
  });

  test("a call that is under way ends with its attempt", async () => {
    const { store } = await fresh();
    const lease = await withAttempts(store);
    for (const attempt of [1, 2, 3]) await store.beginToolCall(lease, { ...call, attempt }, 2_500);
    const states = ["finished", "failed", "lost"] as const;
    await commit(store, lease, {
      nowMs: 3_000,
      endedAttempts: states.map((state, index) => ({ ...place, attempt: index + 1, state, error: null, stack: null })),
    });
    expect((await callsOf(store)).map(({ attempt, state, finishedAtMs }) => [attempt, state, finishedAtMs])).toEqual([
      [1, "cancelled", 3_000],
      [2, "failed", 3_000],
      [3, "lost", 3_000],
    ]);
  });
}

import { expect, test } from "bun:test";
import type { ListRunsQuery } from "../../../src/api/index.ts";
import type { Moment } from "../../../src/model/index.ts";
import type { ApprovalPosition, Store } from "../../../src/store/index.ts";
import { approvalRow, momentAt, runRow } from "../rows.ts";
import { codeOf, type FreshDatabase } from "./database.ts";
import { askApproval, commit, end, nowMs, park, startRun } from "./writes.ts";

const idsOf = async (store: Store, query: Partial<ListRunsQuery> = {}) =>
  (await store.listRuns({ limit: 50, ...query })).runs.map(({ run }) => run.runId);

/** Lists, in the order of their bytes, and their pages. */
export function lists(fresh: FreshDatabase): void {
  test("runs come newest first, of one moment by their ids' bytes", async () => {
    const { store } = await fresh();
    for (const runId of ["b", "B", "a-", "a_", "a", "z"]) await startRun(store, { runId });
    await startRun(store, { runId: "newest", createdAtMs: 2_000 });
    await startRun(store, { runId: "oldest", createdAtMs: 500 });
    expect(await idsOf(store)).toEqual(["newest", "z", "b", "a_", "a-", "a", "B", "oldest"]);
  });

  test("pages follow one another without a gap or a double, also while runs are added", async () => {
    const { store } = await fresh();
    for (let n = 0; n < 7; n++) await startRun(store, { runId: `r${n}`, createdAtMs: 1_000 + Math.floor(n / 3) });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listRuns({ limit: 2, cursor });
      seen.push(...page.runs.map(({ run }) => run.runId));
      cursor = page.nextCursor;
      await startRun(store, { runId: `added${seen.length}`, createdAtMs: 9_000 });
    } while (cursor !== undefined);
    expect(seen).toEqual(["r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
  });

  test("a page that holds all that is left names no other", async () => {
    const { store } = await fresh();
    await startRun(store, { runId: "a" });
    await startRun(store, { runId: "b" });
    expect((await store.listRuns({ limit: 2 })).nextCursor).toBeUndefined();
    expect((await store.listRuns({ limit: 1 })).nextCursor).toBeString();
  });

  test("runs are listed by status, by workflow, and by both", async () => {
    const { store } = await fresh();
    await end(store, await startRun(store, { runId: "a", workflowName: "x" }), "failed");
    await end(store, await startRun(store, { runId: "b", workflowName: "y" }), "failed");
    await startRun(store, { runId: "c", workflowName: "x" });
    expect(await idsOf(store, { status: "failed" })).toEqual(["b", "a"]);
    expect(await idsOf(store, { workflow: "x" })).toEqual(["c", "a"]);
    expect(await idsOf(store, { workflow: "x", status: "failed" })).toEqual(["a"]);
    const { nextCursor } = await store.listRuns({ limit: 1, status: "failed" });
    expect(await idsOf(store, { status: "failed", cursor: nextCursor })).toEqual(["a"]);
    expect(await idsOf(store, { workflow: "X" })).toEqual([]);
    expect(await idsOf(store, { ended: "false" })).toEqual(["c"]);
    expect(await idsOf(store, { ended: "true", workflow: "x" })).toEqual(["a"]);
  });

  test("runs that wait for a free place on a server are listed apart from the others", async () => {
    const { store } = await fresh();
    await commit(store, await startRun(store, { runId: "queued" }), { run: { queuedAtMs: 2_000 } });
    await commit(store, await startRun(store, { runId: "released" }), { run: { queuedAtMs: 2_000, release: true } });
    await startRun(store, { runId: "executed" });
    await end(store, await startRun(store, { runId: "ended" }), "finished");
    expect((await idsOf(store, { queued: "true" })).sort()).toEqual(["queued", "released"]);
    expect((await idsOf(store, { queued: "false" })).sort()).toEqual(["ended", "executed"]);
    expect(await idsOf(store, { queued: "true", status: "finished" })).toEqual([]);
  });

  test("runs are listed by a part of their id, name or path, and by the time of their creation", async () => {
    const { store } = await fresh();
    await startRun(store, { runId: "Order-17", workflowName: "x", workflowPath: "flows/ship.tsx", createdAtMs: 1_000 });
    await startRun(store, { runId: "b", workflowName: "Ship%", workflowPath: null, createdAtMs: 2_000 });
    await startRun(store, { runId: "c", workflowName: "y", workflowPath: "flows/y.tsx", createdAtMs: 3_000 });
    expect(await idsOf(store, { text: "order" })).toEqual(["Order-17"]);
    expect(await idsOf(store, { text: "SHIP" })).toEqual(["b", "Order-17"]);
    expect(await idsOf(store, { text: "%" })).toEqual(["b"]);
    expect(await idsOf(store, { text: "" })).toEqual(["c", "b", "Order-17"]);
    expect(await idsOf(store, { createdAfterMs: 2_000 })).toEqual(["c", "b"]);
    expect(await idsOf(store, { createdBeforeMs: 2_000 })).toEqual(["Order-17"]);
    expect(await idsOf(store, { text: "flows", createdAfterMs: 1_001, createdBeforeMs: 3_001 })).toEqual(["c"]);
    const { nextCursor } = await store.listRuns({ limit: 1, text: "ship" });
    expect(await idsOf(store, { text: "ship", cursor: nextCursor })).toEqual(["Order-17"]);
  });

  test("listed runs come with their health", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store));
    const { runs } = await store.listRuns({ limit: 1 });
    expect(runs).toMatchObject([{ run: { runId: "r" }, healthSignals: { nodes: [{ nodeId: "n" }] } }]);
  });

  test.each(["x", "1", ".", "1.", "-1.a", "1.5.", "'; --"])(
    "the cursor %j, which no page gave, is refused or leads nowhere",
    async (cursor) => {
      const { store } = await fresh();
      await startRun(store);
      const read = store.listRuns({ limit: 1, cursor });
      const code = await codeOf(read);
      if (code === undefined) expect((await read).runs).toEqual([]);
      else expect(code).toBe("INVALID_REQUEST");
    },
  );

  test("ids are found by their begin, or else by their end, the newest first", async () => {
    const { store } = await fresh();
    await startRun(store, { runId: "abc-1", createdAtMs: 1_000 });
    await startRun(store, { runId: "abd-1", createdAtMs: 2_000 });
    await startRun(store, { runId: "xyz-abc", createdAtMs: 3_000 });
    expect(await store.runIdsLike("ab", 10)).toEqual(["abd-1", "abc-1"]);
    expect(await store.runIdsLike("abc", 10)).toEqual(["abc-1"]);
    expect(await store.runIdsLike("-1", 10)).toEqual(["abd-1", "abc-1"]);
    expect(await store.runIdsLike("-1", 1)).toEqual(["abd-1"]);
    expect(await store.runIdsLike("c-", 10)).toEqual([]);
  });

  test.each(["%", "_", "a%", "a_c", "\\", "A", "*", "?"])(
    "the part %j of an id means these characters and no others",
    async (part) => {
      const { store } = await fresh();
      await startRun(store, { runId: "abc" });
      expect(await store.runIdsLike(part, 10)).toEqual([]);
    },
  );

  test("ids are found that share a begin or an end with others", async () => {
    const { store } = await fresh();
    for (const runId of ["0197-aa11", "0197-bb11", "0198-cc22"]) await startRun(store, { runId });
    expect((await store.runIdsSharing(["aa11", "0198"])).sort()).toEqual(["0197-aa11", "0198-cc22"]);
  });

  test("awaited decisions come the longest waiting first, then by bytes, a page at a time", async () => {
    const { store } = await fresh();
    const asked: [string, string, number, number][] = [
      ["b", "n", 0, 1_000],
      ["B", "n", 0, 1_000],
      ["b", "N", 0, 1_000],
      ["b", "n", 1, 1_000],
      ["a", "n", 0, 2_000],
    ];
    const leases = new Map<string, Awaited<ReturnType<typeof startRun>>>();
    for (const [runId, nodeId, iteration, requestedAtMs] of asked) {
      const lease = leases.get(runId) ?? (await startRun(store, { runId }));
      leases.set(runId, lease);
      await commit(store, lease, { approvals: [approvalRow({ runId, nodeId, iteration, requestedAtMs })] });
    }
    const position = ({ runId, nodeId, iteration }: ApprovalPosition) => `${runId} ${nodeId} ${iteration}`;
    const expected = ["B n 0", "b N 0", "b n 0", "b n 1", "a n 0"];
    const all = await store.pendingApprovals({ nowMs, limit: 10 });
    expect(all.map(position)).toEqual(expected);
    const seen: string[] = [];
    for (let after: ApprovalPosition | undefined; ; ) {
      const page = await store.pendingApprovals({ nowMs, limit: 2, after });
      if (page.length === 0) break;
      seen.push(...page.map(position));
      const { requestedAtMs, runId, nodeId, iteration } = page.at(-1)!;
      after = { requestedAtMs, runId, nodeId, iteration };
    }
    expect(seen).toEqual(expected);
  });

  test("an awaited decision is listed with its request, and its run's workflow and status", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store, { workflowName: "release" }));
    expect(await store.pendingApprovals({ nowMs, limit: 10 })).toEqual([
      { ...approvalRow(), workflowName: "release", runStatus: "waiting-approval" },
    ]);
  });

  test("an approval whose time is up is no longer waiting", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store), nowMs);
    expect(await store.pendingApprovals({ nowMs: nowMs - 1, limit: 10 })).toHaveLength(1);
    expect(await store.pendingApprovals({ nowMs, limit: 10 })).toEqual([]);
  });

  test("decisions are listed of one run, also of a copy, whose decisions no other list has", async () => {
    const { store } = await fresh();
    await askApproval(store, await startRun(store));
    const approval = approvalRow({ runId: "copy" });
    const run = runRow({ runId: "copy", home: "elsewhere", lastSeq: 1 });
    const events = [{ runId: "copy", seq: 1, type: "RunStarted", json: "{}" } as const];
    await store.mirroredRuns.applyMirrorPage("elsewhere", { run, nodes: [], approvals: [approval], events });
    const listed = async (runId?: string) =>
      (await store.pendingApprovals({ nowMs, limit: 9, runId })).map((one) => one.runId);
    expect(await listed()).toEqual(["r"]);
    expect(await listed("copy")).toEqual(["copy"]);
    expect(await listed("r")).toEqual(["r"]);
    expect(await listed("none")).toEqual([]);
  });

  const dueAt = async (store: Store, now: Moment) => (await store.dueRuns(now)).map(({ runId }) => runId);

  test.each([
    ["by date", (at: number) => ({ wakeAtMs: at, wakeWallMs: at })],
    ["as an earlier release recorded it", (at: number) => ({ wakeAtMs: at })],
    [
      "after a duration by another steady clock",
      (at: number) => ({ wakeAtMs: at, wakeSteadyMs: 7, wakeSteadyClock: "another boot" }),
    ],
  ])("parked runs are due when their time has come %s, the earliest first", async (_, wakeOf) => {
    const { store } = await fresh();
    for (const [runId, at] of [
      ["b", 300],
      ["a", 200],
      ["later", 400],
    ] as const) {
      await park(store, await startRun(store, { runId }), wakeOf(at));
    }
    await park(store, await startRun(store, { runId: "never" }));
    await startRun(store, { runId: "held", ...wakeOf(100) });
    expect(await store.dueRuns(momentAt(300))).toEqual([
      { runId: "a", workflowPath: "w.tsx" },
      { runId: "b", workflowPath: "w.tsx" },
    ]);
    expect(await store.msToNextDue(momentAt(300))).toBe(100);
    expect(await dueAt(store, momentAt(100))).toEqual([]);
    expect(await store.msToNextDue(momentAt(400))).toBeNull();
  });

  test("a parked run is due when its duration has passed, however the wall clock was set", async () => {
    const { store } = await fresh();
    const wake = { wakeAtMs: 5_000, wakeSteadyMs: 50, wakeSteadyClock: momentAt(0).steadyClock };
    await park(store, await startRun(store), wake);
    for (const wallMs of [0, 5_000, 9_000_000]) {
      expect(await dueAt(store, momentAt(wallMs, 49.5))).toEqual([]);
      expect(await store.msToNextDue(momentAt(wallMs, 49.5))).toBe(0.5);
      expect(await dueAt(store, momentAt(wallMs, 50))).toEqual(["r"]);
      expect(await store.msToNextDue(momentAt(wallMs, 50))).toBeNull();
    }
  });

  test("a parked run that waits for a date and for a duration is due at the first of them", async () => {
    const { store } = await fresh();
    const wake = { wakeAtMs: 1_000, wakeWallMs: 2_000, wakeSteadyMs: 50, wakeSteadyClock: momentAt(0).steadyClock };
    await park(store, await startRun(store), wake);
    expect(await dueAt(store, momentAt(1_999, 49))).toEqual([]);
    expect(await store.msToNextDue(momentAt(1_990, 49))).toBe(1);
    expect(await store.msToNextDue(momentAt(1_999, 40))).toBe(1);
    expect(await dueAt(store, momentAt(2_000, 49))).toEqual(["r"]);
    expect(await dueAt(store, momentAt(0, 50))).toEqual(["r"]);
  });

  test("the backlog counts what is open, and no copies", async () => {
    const { store } = await fresh();
    await startRun(store, { runId: "stale", heartbeatAtMs: 1_000 });
    await startRun(store, { runId: "alive", heartbeatAtMs: 5_000 });
    await askApproval(store, await startRun(store, { runId: "asks" }));
    await end(store, await startRun(store, { runId: "ended" }), "finished");
    await store.startOnce(runRow({ runId: "copy", home: "elsewhere", owner: null }), []);
    await store.noteWakeFailure("asks", 7, { code: "X", reason: "no file", sinceMs: 1 });
    const { sizeBytes, logBytes, ...counts } = await store.readBacklog(5_000);
    expect(counts).toEqual({
      runs: { running: 2, "waiting-approval": 1 },
      staleRuns: 1,
      stuckRuns: 1,
      queuedRuns: 0,
      pendingApprovals: 1,
      oldestApprovalAtMs: 1_000,
    });
    expect(sizeBytes).toBeGreaterThan(0);
    expect(logBytes).toBeGreaterThanOrEqual(0);
  });

  test("an empty database has no backlog, no runs, and nothing that is due", async () => {
    const { store } = await fresh();
    expect(await store.readBacklog(5_000)).toMatchObject({ runs: {}, staleRuns: 0, oldestApprovalAtMs: null });
    expect(await store.listRuns({ limit: 1 })).toEqual({ runs: [] });
    expect(await store.msToNextDue(momentAt(0))).toBeNull();
  });
}

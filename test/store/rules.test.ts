import { describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../src/errors/index.ts";
import type { Approval, Node, RunStatus } from "../../src/model/index.ts";
import type { Decision } from "../../src/store/index.ts";
import { judgeCancel } from "../../src/store/rules/cancel.ts";
import { judgeDecision } from "../../src/store/rules/decision.ts";
import { judgeRetry } from "../../src/store/rules/retry.ts";
import { judgeSignal } from "../../src/store/rules/signal.ts";
import { idempotencyKeptMs, judgeStart } from "../../src/store/rules/start.ts";
import { approvalRow, momentAt, nodeRow, runRow } from "./rows.ts";

/** What a rule answers, or the code that it throws. */
function outcome<T>(rule: () => T): T | ErrorCode {
  try {
    return rule();
  } catch (error) {
    return (error as { code: ErrorCode }).code;
  }
}

const nowMs = 5_000;
const options = ["a", "b", "c"].map((key) => ({ key, label: key, summary: null }));
const endings: RunStatus[] = ["finished", "failed", "cancelled", "continued"];
const forGood: RunStatus[] = ["finished", "cancelled", "continued"];

describe("a decision", () => {
  const waiting = [nodeRow({ kind: "approval", state: "waiting-approval" })];
  const rows = { run: runRow(), nodes: waiting, approvals: [approvalRow()] };
  const judge = (given: Partial<typeof rows>, decision: Partial<Decision> = {}) =>
    outcome(() =>
      judgeDecision(
        { ...rows, ...given },
        { runId: "r", nodeId: "n", status: "granted", ...decision },
        momentAt(nowMs),
      ),
    );

  test("is recorded with who made it, when, and its note", () => {
    expect(judge({}, { decidedBy: "ann", note: "fine" })).toEqual({
      approval: approvalRow({ status: "granted", decidedAtMs: nowMs, decidedBy: "ann", note: "fine" }),
      event: { type: "ApprovalGranted", nodeId: "n", iteration: 0, decidedBy: "ann", note: "fine" },
    });
    expect(judge({}, { status: "denied" })).toMatchObject({
      approval: { status: "denied", decidedBy: null, note: null },
      event: { type: "ApprovalDenied" },
    });
  });

  const refused: [string, Partial<typeof rows> | { run: undefined }, Partial<Decision>, ErrorCode][] = [
    ["of a run that does not exist", { run: undefined }, {}, "RUN_NOT_FOUND"],
    ["on a node that does not exist", { nodes: [], approvals: [] }, {}, "NODE_NOT_FOUND"],
    ["on an iteration that does not exist", {}, { iteration: 3 }, "NODE_NOT_FOUND"],
    ["on a node that waits for no decision", { approvals: [] }, {}, "NODE_NOT_WAITING"],
    ...endings.map((status): (typeof refused)[number] => [
      `of a run that is ${status}`,
      { run: runRow({ status }) },
      {},
      "NODE_NOT_WAITING",
    ]),
    ["of a run that is being cancelled", { run: runRow({ cancelRequestedAtMs: 1 }) }, {}, "NODE_NOT_WAITING"],
    ["on a question that was asked again since", {}, { requestedAtMs: 99 }, "NODE_NOT_WAITING"],
    [
      "on a question that was asked again since, even if the same was decided",
      { approvals: [approvalRow({ status: "granted" })] },
      { requestedAtMs: 99 },
      "NODE_NOT_WAITING",
    ],
    ...(["expired", "cancelled"] as const).map((status): (typeof refused)[number] => [
      `without a selection, after the question was ${status}`,
      { approvals: [approvalRow({ status, mode: "select", options })] },
      {},
      "NODE_NOT_WAITING",
    ]),
    ["whose time is up", { nodes: [nodeRow({ wakeAtMs: nowMs })] }, {}, "NODE_NOT_WAITING"],
    ...(["granted", "denied", "expired", "cancelled"] as const).map((status): (typeof refused)[number] => [
      `after it was ${status}`,
      { approvals: [approvalRow({ status, note: "first" })] },
      { status: status === "granted" ? "denied" : "granted" },
      "NODE_NOT_WAITING",
    ]),
  ];
  test.each(refused)("%s is refused", (_, given, decision, code) => {
    expect(judge(given as Partial<typeof rows>, decision)).toBe(code);
  });

  test("on the question that is asked now is recorded, and may be repeated", () => {
    const { requestedAtMs } = approvalRow();
    expect(judge({}, { requestedAtMs })).toMatchObject({ approval: { status: "granted", requestedAtMs } });
    expect(judge({ approvals: [approvalRow({ status: "granted" })] }, { requestedAtMs })).toBeUndefined();
  });

  test("in the last millisecond of its time is in time", () => {
    expect(judge({ nodes: [nodeRow({ wakeAtMs: nowMs + 1 })] })).toMatchObject({ approval: { status: "granted" } });
  });

  test.each(["granted", "denied"] as const)(
    "that was made before, %s, changes nothing, even after the run's end",
    (status) => {
      const approvals = [approvalRow({ status, decidedBy: "ann" })];
      expect(judge({ approvals, run: runRow({ status: "finished" }) }, { status, decidedBy: "bob" })).toBeUndefined();
    },
  );

  const choices: [string, Partial<Approval>, Partial<Decision>, object | ErrorCode][] = [
    ["selects one of the options", { mode: "select" }, { selected: "b" }, { selected: "b", ranked: null }],
    ["selects nothing", { mode: "select" }, {}, "INVALID_REQUEST"],
    ["selects what is not offered", { mode: "select" }, { selected: "x" }, "INVALID_REQUEST"],
    ["ranks all", { mode: "rank" }, { ranked: ["c", "a", "b"] }, { selected: null, ranked: ["c", "a", "b"] }],
    ["ranks too few", { mode: "rank" }, { ranked: ["c", "a"] }, "INVALID_REQUEST"],
    ["ranks one twice", { mode: "rank" }, { ranked: ["c", "c", "a"] }, "INVALID_REQUEST"],
    ["ranks what is not offered", { mode: "rank" }, { ranked: ["c", "a", "x"] }, "INVALID_REQUEST"],
    ["chooses where nothing is offered", {}, { selected: "a", ranked: ["a"] }, { selected: null, ranked: null }],
    ["denies without a choice", { mode: "select" }, { status: "denied" }, { selected: null, ranked: null }],
  ];
  test.each(choices)("that %s", (_, approval, decision, expected) => {
    const judged = judge({ approvals: [approvalRow({ options, ...approval })] }, decision);
    if (typeof expected === "string") expect(judged).toBe(expected as never);
    else expect(judged).toMatchObject({ approval: expected });
  });

  test("for another option than the one that was selected is refused", () => {
    const approvals = [approvalRow({ options, mode: "select", status: "granted", selected: "a" })];
    expect(judge({ approvals }, { selected: "a" })).toBeUndefined();
    expect(judge({ approvals }, { selected: "b" })).toBe("NODE_NOT_WAITING");
  });

  test("that names no iteration is for the one that waits, or else for the last", () => {
    const approvals = [
      approvalRow({ status: "granted" }),
      approvalRow({ iteration: 1 }),
      approvalRow({ iteration: 2, status: "denied" }),
    ];
    expect(judge({ approvals })).toMatchObject({ approval: { iteration: 1 } });
    expect(judge({ approvals: [approvals[0]!, approvals[2]!] }, { status: "denied" })).toBeUndefined();
  });
});

describe("a retry", () => {
  const failed = runRow({ status: "failed" });
  const judge = (run: typeof failed | undefined, nodes: readonly Node[], iteration?: number, seenLeaseNo = 7) =>
    outcome(() => judgeRetry({ run, nodes }, { runId: "r", nodeId: "n", iteration }, seenLeaseNo));

  test("of a failed run's node lets the run continue", () => {
    expect(judge(failed, [nodeRow({ state: "failed" })])).toEqual({
      iteration: 0,
      reopensRun: true,
      events: [
        { type: "RunStatusChanged", status: "running" },
        { type: "NodePending", nodeId: "n", iteration: 0 },
      ],
    });
  });

  test("of a node in a run that has not failed leaves the run's status as it is", () => {
    expect(judge(runRow({ status: "waiting-event" }), [nodeRow({ state: "failed" })])).toEqual({
      iteration: 0,
      reopensRun: false,
      events: [{ type: "NodePending", nodeId: "n", iteration: 0 }],
    });
  });

  test("that names no iteration is for the last one that has failed", () => {
    const states = ["failed", "failed", "finished"] as const;
    const nodes = states.map((state, iteration) => nodeRow({ state, iteration }));
    expect(judge(failed, nodes)).toMatchObject({ iteration: 1 });
    expect(judge(failed, nodes, 0)).toMatchObject({ iteration: 0 });
  });

  const one = [nodeRow({ state: "failed" })];
  const refused: [string, () => unknown, ErrorCode][] = [
    ["of a run that does not exist", () => judge(undefined, []), "RUN_NOT_FOUND"],
    ...forGood.map((status): [string, () => unknown, ErrorCode] => [
      `of a run that is ${status}`,
      () => judge(runRow({ status }), one),
      "RUN_NOT_ACTIVE",
    ]),
    ["of a run that was taken since it was seen", () => judge(failed, one, undefined, 6), "RUN_IN_PROGRESS"],
    ["of a node that does not exist", () => judge(failed, []), "NODE_NOT_FOUND"],
    ["of an iteration that does not exist", () => judge(failed, one, 3), "NODE_NOT_FOUND"],
    ["of a node that has finished", () => judge(failed, [nodeRow({ state: "finished" })]), "NODE_NOT_FAILED"],
    ["of a node that was cancelled", () => judge(failed, [nodeRow({ state: "cancelled" })]), "NODE_NOT_FAILED"],
    [
      "of an iteration that has not failed",
      () => judge(failed, [...one, nodeRow({ iteration: 1 })], 1),
      "NODE_NOT_FAILED",
    ],
  ];
  test.each(refused)("%s is refused", (_, act, code) => {
    expect(act()).toBe(code);
  });
});

describe("a signal", () => {
  const judge = (run: ReturnType<typeof runRow> | undefined, given: object = {}) =>
    outcome(() => judgeSignal({ run, lastSeq: 4 }, { runId: "r", name: "paid", ...given }, nowMs));

  test("gets the next number, and is kept with what it says", () => {
    expect(judge(runRow(), { data: { n: 1 }, correlationId: "c", receivedBy: "shop" })).toEqual({
      signal: {
        runId: "r",
        seq: 5,
        name: "paid",
        correlationId: "c",
        data: { n: 1 },
        receivedAtMs: nowMs,
        receivedBy: "shop",
        consumedBy: null,
        consumedIteration: null,
      },
      event: { type: "SignalReceived", signalName: "paid", signalSeq: 5, correlationId: "c" },
    });
  });

  test("that says nothing but its name has null for the rest", () => {
    expect(judge(runRow())).toMatchObject({ signal: { data: null, correlationId: null, receivedBy: null } });
  });

  test("is kept for a failed run, which may be resumed", () => {
    expect(judge(runRow({ status: "failed" }))).toMatchObject({ signal: { seq: 5 } });
  });

  test.each(forGood)("for a run that is %s is refused", (status) => {
    expect(judge(runRow({ status }))).toBe("RUN_NOT_ACTIVE");
  });

  test("for a run that is being cancelled, or does not exist, is refused", () => {
    expect(judge(runRow({ cancelRequestedAtMs: 1 }))).toBe("RUN_NOT_ACTIVE");
    expect(judge(undefined)).toBe("RUN_NOT_FOUND");
  });
});

describe("a start under a key", () => {
  const row = { runId: "first", bodyHash: "h", createdAtMs: 1_000 };
  const untilMs = row.createdAtMs + idempotencyKeptMs;
  const judge = (known: typeof row | undefined, bodyHash: string, atMs: number) =>
    outcome(() => judgeStart(known, { key: "k", bodyHash }, atMs));

  test("that is free starts a run", () => {
    expect(judge(undefined, "h", nowMs)).toBeUndefined();
  });

  test("that the same request has used finds its run, for a day", () => {
    expect(judge(row, "h", untilMs)).toBe("first");
    expect(judge(row, "h", untilMs + 1)).toBeUndefined();
  });

  test("that another request has used is refused, for a day", () => {
    expect(judge(row, "other", untilMs)).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(judge(row, "other", untilMs + 1)).toBeUndefined();
  });
});

describe("a request to cancel", () => {
  const judge = (run: ReturnType<typeof runRow> | undefined) => outcome(() => judgeCancel(run, "r"));

  test.each(["running", "waiting-approval", "waiting-event", "waiting-timer"] as const)(
    "a run that is %s is accepted, also again",
    (status) => {
      for (const run of [runRow({ status }), runRow({ status, cancelRequestedAtMs: 1 })]) expect(judge(run)).toBe(run);
    },
  );

  test.each(endings)("a run that is %s is refused", (status) => {
    expect(judge(runRow({ status }))).toBe("RUN_NOT_ACTIVE");
  });

  test("a run that does not exist is refused", () => {
    expect(judge(undefined)).toBe("RUN_NOT_FOUND");
  });
});

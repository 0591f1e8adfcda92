import { describe, expect, test } from "bun:test";
import { nextMillisecond } from "../support/eventually.ts";
import { target } from "./target.ts";

const nodeId = "ship/it 100%";
const paths = ["/v1/approvals", "/v1/approval/list", "/approval/list", "/approvals"];

async function asking() {
  const runId = await target.startUntil("ask", "NodeWaitingApproval");
  const decide = (way: string, body = {}, node = nodeId) =>
    target.code("POST", `/v1/runs/${runId}/nodes/${encodeURIComponent(node)}/${way}`, body);
  return { runId, decide };
}

/** What is awaited of one run, whatever else the server waits for. */
async function awaited(path: string, runId: string) {
  for await (const { approvals } of target.pages(`${path}?limit=1000`)) {
    const found = approvals.find((approval: { runId: string }) => approval.runId === runId);
    if (found) return found;
  }
}

describe("a decision", () => {
  test("to approve continues the run at once and is its output", async () => {
    const { runId, decide } = await asking();
    expect(await decide("approve", { note: "fine", decidedBy: "ann" })).toEqual([200, undefined]);
    expect(await target.end(runId)).toMatchObject({
      status: "finished",
      output: { approved: true, note: "fine", decidedBy: "ann", decidedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });

  test("that is the same again is 200, the other way NODE_NOT_WAITING, also after the end", async () => {
    const { runId, decide } = await asking();
    expect(await decide("deny", { iteration: 0 })).toEqual([200, undefined]);
    expect(await decide("deny")).toEqual([200, undefined]);
    expect(await decide("approve")).toEqual([409, "NODE_NOT_WAITING"]);
    expect((await target.end(runId)).output).toMatchObject({ approved: false });
    expect(await decide("deny")).toEqual([200, undefined]);
    expect(await decide("approve")).toEqual([409, "NODE_NOT_WAITING"]);
  });

  test("of twenty at once for both ways, one way wins", async () => {
    const { runId, decide } = await asking();
    const ways = Array.from({ length: 20 }, (_, index) => (index % 2 ? "approve" : "deny"));
    const answers = await Promise.all(ways.map(async (way) => [way, ...(await decide(way))]));
    const winners = new Set(answers.filter(([, status]) => status === 200).map(([way]) => way));
    expect(winners.size).toBe(1);
    expect(answers.filter(([, , code]) => code === "NODE_NOT_WAITING").length).toBe(10);
    expect((await target.end(runId)).output).toMatchObject({ approved: winners.has("approve") });
  });

  test("on a node that is not there, or waits for nothing, is refused", async () => {
    const { runId, decide } = await asking();
    expect(await decide("approve", {}, "none")).toEqual([404, "NODE_NOT_FOUND"]);
    expect(await decide("approve", {}, "before")).toEqual([409, "NODE_NOT_WAITING"]);
    expect(await decide("approve", { iteration: 3 })).toEqual([404, "NODE_NOT_FOUND"]);
    expect(await decide("deny", {}, "before")).toEqual([409, "NODE_NOT_WAITING"]);
    await target.post(`/v1/runs/${runId}/cancel`);
    expect(await decide("approve")).toEqual([409, "NODE_NOT_WAITING"]);
  });
});

test("a pending approval is listed under each of the four paths until it is decided", async () => {
  const { runId, decide } = await asking();
  for (const path of paths) {
    expect(await awaited(path, runId)).toMatchObject({
      runId,
      nodeId,
      iteration: 0,
      workflowName: "conformance-ask",
      runStatus: "waiting-approval",
      label: "Ship",
      requestTitle: "Ship it?",
      requestSummary: "Version 2",
      requestedAtMs: expect.any(Number),
      waitingMs: expect.any(Number),
      note: null,
      decidedBy: null,
    });
  }
  await decide("approve");
  for (const path of paths) expect(await awaited(path, runId)).toBeUndefined();
});

test("pending approvals come longest waiting first", async () => {
  await asking();
  await nextMillisecond();
  await asking();
  const { approvals } = (await target.get("/v1/approvals?limit=1000")).body;
  const times: number[] = approvals.map(({ requestedAtMs }: { requestedAtMs: number }) => requestedAtMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("the Link header leads through all pending approvals, each once, also those of the same millisecond", async () => {
  const runIds = await Promise.all(Array.from({ length: 7 }, async () => (await asking()).runId));
  const seen: string[] = [];
  for await (const { approvals } of target.pages("/v1/approvals?limit=2")) {
    expect(approvals.length).toBeLessThanOrEqual(2);
    seen.push(...approvals.map(({ runId }: { runId: string }) => runId));
  }
  for (const runId of runIds) expect(seen.filter((one) => one === runId)).toEqual([runId]);
});

describe("a choice", () => {
  async function choosing() {
    // Until both questions are asked: a busy server asks them in two turns.
    const runId = await target.startUntil("choose", "RunStatusChanged");
    const choose = async (nodeId: "one" | "order", choice: object) => {
      const { status, body } = await target.post(`/v1/runs/${runId}/nodes/${nodeId}/approve`, choice);
      return [status, body.error?.code, body.error?.details?.field];
    };
    return { runId, choose };
  }

  test("is listed with its mode, and its options as a person needs them", async () => {
    const { runId } = await choosing();
    const { approvals } = (await target.get("/v1/approvals?limit=1000")).body;
    expect(approvals.filter((approval: { runId: string }) => approval.runId === runId)).toMatchObject([
      {
        mode: "select",
        options: [
          { key: "a", label: "a", summary: null },
          { key: "b", label: "Plan B", summary: "slower" },
        ],
      },
      { mode: "rank", options: [{ key: "a" }, { key: "b" }, { key: "c" }] },
    ]);
  });

  test("that fits no option, or ranks not each of them once, is refused, and the run is still waiting", async () => {
    const { runId, choose } = await choosing();
    for (const selected of [undefined, null, "z", ""]) {
      expect([selected, await choose("one", { selected })]).toEqual([selected, [400, "INVALID_REQUEST", "selected"]]);
    }
    for (const letters of [undefined, "", "ab", "abb", "abca", "abx"]) {
      const ranked = letters?.split("");
      expect([ranked, await choose("order", { ranked })]).toEqual([ranked, [400, "INVALID_REQUEST", "ranked"]]);
    }
    expect((await target.run(runId)).status).toBe("waiting-approval");
  });

  test("is part of the output; the same one again is 200, another NODE_NOT_WAITING", async () => {
    const { runId, choose } = await choosing();
    expect(await choose("one", { selected: "b", note: "safer" })).toEqual([200, undefined, undefined]);
    expect(await choose("one", { selected: "b" })).toEqual([200, undefined, undefined]);
    expect(await choose("one", { selected: "a" })).toEqual([409, "NODE_NOT_WAITING", undefined]);
    await choose("order", { ranked: ["c", "a", "b"] });
    expect((await target.end(runId)).status).toBe("finished");
    expect((await target.nodes(runId)).map(({ output }) => output)).toMatchObject([
      { selected: "b", notes: "safer" },
      { ranked: ["c", "a", "b"] },
    ]);
  });
});

test.each(["plain", "a/b", "two words", "50%", "100%25", "ä:ö?#[]", "日本", "a+b&c=d", "q'\"q", "%2F"])(
  "the node id and the signal name %j are read from the path",
  async (name) => {
    const runId = await target.startUntil("named", "NodeWaitingApproval", { name });
    const path = encodeURIComponent(name);
    expect((await target.post(`/v1/runs/${runId}/nodes/${path}/approve`)).status).toBe(200);
    const first = await target.post(`/v1/runs/${runId}/signals/${path}`, { data: { value: 1 } });
    expect([first.status, first.body.signalName]).toEqual([200, name]);
    const second = await target.post(`/signal/${runId}/${path}`, { data: { value: 2 } });
    expect([second.status, second.body.signalName]).toEqual([200, name]);
    expect((await target.end(runId)).status).toBe("finished");
    expect((await target.nodes(runId))[0]!.nodeId).toBe(name);
  },
);

describe("a signal", () => {
  const send = (runId: string, body: unknown, path = `/v1/runs/${runId}/signals/paid%2Fnow`) => target.post(path, body);

  test.each(["/v1/runs/:runId/signals/paid%2Fnow", "/signal/:runId/paid%2Fnow"])(
    "to %s continues the run that waits for it, and its data is the output",
    async (path) => {
      const runId = await target.startUntil("wait", "NodeWaitingEvent");
      const { status, body } = await send(
        runId,
        { data: { value: 9 }, receivedBy: "hook" },
        path.replace(":runId", runId),
      );
      expect([status, body]).toEqual([
        200,
        {
          runId,
          signalName: "paid/now",
          seq: expect.any(Number),
          correlationId: null,
          receivedAtMs: expect.any(Number),
        },
      ]);
      expect(await target.end(runId)).toMatchObject({ status: "finished", output: { value: 9 } });
    },
  );

  test("is consumed only by a wait with its correlation id, and has a number", async () => {
    const runId = await target.startUntil("wait", "NodeWaitingEvent", { order: "order-7" });
    const other = (await send(runId, { data: { value: 6 }, correlationId: "order-6" })).body;
    const right = (await send(runId, { data: { value: 7 }, correlationId: "order-7" })).body;
    expect(right.seq).toBeGreaterThan(other.seq);
    expect((await target.end(runId)).output).toEqual({ value: 7 });
  });

  test("that comes before its wait is kept for it", async () => {
    const runId = await target.startUntil("two-waits", "NodeWaitingEvent");
    await target.post(`/v1/runs/${runId}/signals/second`, { data: { value: 2 } });
    expect((await target.run(runId)).status).toBe("waiting-event");
    await target.post(`/v1/runs/${runId}/signals/first`, { data: { value: 1 } });
    expect((await target.end(runId)).output).toEqual({ value: 2 });
  });

  test("whose data does not fit the wait is refused, and the run keeps waiting", async () => {
    const runId = await target.startUntil("wait", "NodeWaitingEvent");
    const { status, body } = await send(runId, { data: { value: "nine" } });
    expect([status, body.error.code, body.error.details.issues[0].path]).toEqual([400, "INVALID_INPUT", ["value"]]);
    expect((await target.run(runId)).status).toBe("waiting-event");
    await send(runId, { data: { value: 9 } });
    expect((await target.end(runId)).output).toEqual({ value: 9 });
  });

  test("to a run that has ended is RUN_NOT_ACTIVE", async () => {
    const runId = await target.startUntil("wait", "NodeWaitingEvent");
    await send(runId, { data: { value: 9 } });
    await target.end(runId);
    const { status, body } = await send(runId, { data: { value: 9 } });
    expect([status, body.error.code]).toEqual([409, "RUN_NOT_ACTIVE"]);
  });
});

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { RunListItem } from "../../src/api/index.ts";
import type { Frame } from "../../src/model/index.ts";
import { nextMillisecond } from "../support/eventually.ts";
import { file, newId, target } from "./target.ts";

const many = <T>(count: number, act: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => act(index)));
const count = (codes: unknown[], wanted: unknown) => codes.filter((code) => Bun.deepEquals(code, wanted)).length;

describe("POST /v1/runs", () => {
  test("starts a run, which can be read as soon as it is answered", async () => {
    const { status, body } = await target.post("/v1/runs", { workflowPath: file("echo"), input: { msg: "hi" } });
    expect([status, Object.keys(body)]).toEqual([200, ["runId"]]);
    expect((await target.get(`/v1/runs/${body.runId}`)).status).toBe(200);
    expect(await target.end(body.runId)).toMatchObject({ status: "finished", output: { value: "hi" } });
  });

  test("accepts the caller's runId once", async () => {
    const runId = newId();
    expect(await target.start(file("echo"), {}, { runId })).toBe(runId);
    const again = { workflowPath: file("echo"), runId };
    expect(await target.code("POST", "/v1/runs", again)).toEqual([409, "RUN_ALREADY_EXISTS"]);
  });

  test("of twenty starts with one runId exactly one is accepted", async () => {
    const runId = newId();
    const codes = await many(20, () => target.code("POST", "/v1/runs", { workflowPath: file("echo"), runId }));
    expect(count(codes, [200, undefined])).toBe(1);
    expect(count(codes, [409, "RUN_ALREADY_EXISTS"])).toBe(19);
    expect((await target.end(runId)).status).toBe("finished");
  });

  test("refuses an input that does not fit the workflow's schema, with the issues, and records nothing", async () => {
    const runId = newId();
    const input = { to: "nobody", times: -1 };
    const { status, body } = await target.post("/v1/runs", { workflowPath: file("typed"), input, runId });
    expect([status, body.error.code]).toEqual([400, "INVALID_INPUT"]);
    expect(body.error.details.issues.map(({ path }: { path: unknown }) => path)).toEqual([["to"], ["times"]]);
    expect(body.error.details.issues[0]).toEqual({ path: ["to"], message: expect.any(String), code: "invalid_format" });
    expect(await target.code("GET", `/v1/runs/${runId}`)).toEqual([404, "RUN_NOT_FOUND"]);
    expect(await target.code("POST", "/v1/runs", { workflowPath: file("typed") })).toEqual([400, "INVALID_INPUT"]);
  });

  test("applies the defaults of the workflow's input schema", async () => {
    const { output } = await target.complete(file("typed"), { to: "ann@example.org" });
    expect(output).toEqual({ value: { to: "ann@example.org", times: 3 } });
  });

  test("with resume: true continues a failed run", async () => {
    const { runId, status } = await target.complete(file("fails-once"));
    expect(status).toBe("failed");
    expect((await target.post("/v1/runs", { runId, resume: true })).body).toEqual({ runId });
    expect((await target.end(runId)).status).toBe("finished");
  });
});

describe("POST /v1/runs/:runId/nodes/:nodeId/retry", () => {
  const retry = (runId: string, nodeId: string, body?: unknown) =>
    target.code("POST", `/v1/runs/${runId}/nodes/${encodeURIComponent(nodeId)}/retry`, body);

  test("executes the failed node again and continues the run; finished nodes are not executed again", async () => {
    const { runId, status } = await target.complete(file("fails-once"));
    expect(status).toBe("failed");
    const { status: answer, body } = await target.post(`/v1/runs/${runId}/nodes/fails/retry`);
    expect([answer, body]).toEqual([200, { runId }]);
    expect((await target.end(runId)).status).toBe("finished");
    const nodes = await target.nodes(runId);
    expect(nodes.map(({ nodeId, attempt }) => [nodeId, attempt])).toEqual([
      ["once", 1],
      ["fails", 2],
      ["after", 0],
    ]);
    expect(nodes[0]!.output).toEqual({ value: 1 });
  });

  test("takes the iteration, and refuses what is not a failed node", async () => {
    const { runId } = await target.complete(file("fails-once"));
    expect(await retry(runId, "once")).toEqual([409, "NODE_NOT_FAILED"]);
    expect(await retry(runId, "none")).toEqual([404, "NODE_NOT_FOUND"]);
    expect(await retry(runId, "fails", { iteration: 1 })).toEqual([404, "NODE_NOT_FOUND"]);
    expect(await retry(runId, "fails", { iteration: -1 })).toEqual([400, "INVALID_REQUEST"]);
    expect(await retry(runId, "fails", { iterations: 0 })).toEqual([400, "INVALID_REQUEST"]);
    expect(await retry(runId, "fails", { iteration: 0 })).toEqual([200, undefined]);
    expect(await retry(runId, "fails")).toEqual([409, "RUN_IN_PROGRESS"]);
    expect((await target.end(runId)).status).toBe("finished");
    expect(await retry(runId, "fails")).toEqual([409, "RUN_NOT_ACTIVE"]);
    expect(await retry(newId(), "fails")).toEqual([404, "RUN_NOT_FOUND"]);
  });
});

describe("Idempotency-Key", () => {
  const start = (key: string, input = {}) =>
    target.post("/v1/runs", { workflowPath: file("echo"), input }, { "Idempotency-Key": key });

  test("the same key and body are one run, also twenty at once, also after its end", async () => {
    const key = newId();
    const answers = await many(20, () => start(key));
    const [runId, ...others] = new Set(answers.map(({ body }) => body.runId));
    expect([typeof runId, others]).toEqual(["string", []]);
    await target.end(runId);
    expect((await start(key)).body).toEqual({ runId });
  });

  test("a request whose answer was lost is not done twice", async () => {
    const key = newId();
    const lost = target.send("POST", "/v1/runs", {
      headers: { "idempotency-key": key },
      body: { workflowPath: file("echo"), input: { key } },
      signal: AbortSignal.timeout(2),
    });
    await lost.catch(() => {});
    const { runId } = (await start(key, { key })).body;
    expect((await start(key, { key })).body).toEqual({ runId });
    expect((await target.end(runId)).status).toBe("finished");
  });

  test("the same key with another body is IDEMPOTENCY_KEY_REUSED", async () => {
    const key = newId();
    await start(key);
    const { status, body } = await start(key, { msg: "other" });
    expect([status, body.error.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    expect((await start(newId(), { msg: "other" })).status).toBe(200);
  });

  test("a request that was refused does not use up its key", async () => {
    const key = newId();
    const refused = await target.post("/v1/runs", { workflowPath: file("none") }, { "Idempotency-Key": key });
    expect(refused.status).toBe(404);
    expect((await start(key)).status).toBe(200);
  });
});

describe("GET /v1/runs", () => {
  test("lists runs newest first, each with what the contract names", async () => {
    const first = (await target.complete(file("echo"))).runId;
    await nextMillisecond();
    const second = (await target.complete(file("echo"))).runId;
    const { body } = await target.get("/v1/runs?workflow=conformance-echo");
    const ids = body.map(({ runId }: { runId: string }) => runId);
    expect(ids.indexOf(second)).toBeLessThan(ids.indexOf(first));
    expect(Object.keys(body[0]).sort()).toEqual(
      [
        ...["runId", "workflowName", "workflowPath", "status", "createdAtMs", "startedAtMs", "finishedAtMs"],
        ...["heartbeatAtMs", "parentRunId", "parentNodeId", "error", "runState"],
      ].sort(),
    );
  });

  test("is narrowed by status and workflow, and paged by limit and Link, each run once", async () => {
    const started = await many(5, () => target.startUntil("nap", "NodeWaitingTimer", { duration: "2h" }));
    const seen: string[] = [];
    const query = "limit=2&workflow=conformance-nap&status=waiting-timer";
    for await (const page of target.pages(`/v1/runs?${query}`)) {
      expect(page.length).toBeLessThanOrEqual(2);
      for (const run of page) expect([run.workflowName, run.status]).toEqual(["conformance-nap", "waiting-timer"]);
      seen.push(...page.map(({ runId }: { runId: string }) => runId));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(started));
    const listed = async (query: string) => (await target.get(`/v1/runs?limit=1000&${query}`)).body as RunListItem[];
    for (const run of await listed("status=waiting-timer")) expect(run.status).toBe("waiting-timer");
    for (const run of await listed("workflow=conformance-nap")) expect(run.workflowName).toBe("conformance-nap");
    expect(await listed("workflow=conformance-none")).toEqual([]);
    expect(await listed("workflow=conformance-nap&status=failed")).toEqual([]);
    for (const runId of started) await target.post(`/v1/runs/${runId}/cancel`);
  });
});

describe("GET /v1/runs/:runId", () => {
  test("of a finished run is exactly what the contract names, its output the last finished task's", async () => {
    const run = await target.complete(file("echo"), { msg: "hi" });
    expect(run).toEqual({
      runId: run.runId,
      workflowName: "conformance-echo",
      status: "finished",
      startedAtMs: expect.any(Number),
      finishedAtMs: expect.any(Number),
      summary: { finished: 2 },
      runState: { runId: run.runId, state: "succeeded", computedAt: expect.any(String) },
      output: { value: "hi" },
    });
  });

  test("of a failed run has its error, and no output of the task that failed", async () => {
    const run = await target.complete(file("fails-once"));
    expect(run).toMatchObject({
      status: "failed",
      runState: { state: "failed" },
      summary: { finished: 1, failed: 1, pending: 1 },
    });
    expect(run.error).toMatchObject({ code: "TASK_FAILED", message: "it broke", nodeId: "fails" });
    // The place of the throw is in the author's file, by its path from the root; a stack is in no answer.
    const { at } = run.error!.details as { at: { file: string; line: number; column: number } };
    expect(at).toEqual({
      file: expect.stringMatching(/^[^/].*fails-once\.tsx$|^fails-once\.tsx$/),
      line: expect.any(Number),
      column: expect.any(Number),
    });
    expect(JSON.stringify(run.error)).not.toMatch(/\n\s+at |node_modules/);
    const error = { code: "TASK_FAILED", message: "it broke" };
    expect((await target.nodes(run.runId)).slice(1)).toMatchObject([
      { nodeId: "fails", state: "failed", output: null, error },
      { nodeId: "after", state: "pending", attempt: 0, startedAtMs: null },
    ]);
  });

  test("of a running run says so", async () => {
    const runId = await target.startUntil("hang", "NodeStarted");
    const run = await target.run(runId);
    expect(run).toMatchObject({ status: "running", finishedAtMs: null, summary: { "in-progress": 1 } });
    expect(run.runState.state).toBe("running");
    expect([Object.keys(run).includes("output"), Object.keys(run).includes("error")]).toEqual([false, false]);
    expect(await target.nodes(runId)).toMatchObject([
      { state: "in-progress", attempt: 1, finishedAtMs: null, output: null, error: null },
    ]);
    await target.post(`/v1/runs/${runId}/cancel`);
  });

  test("of a run that waits says on what, since when, and which call unblocks it, and so does the list", async () => {
    const waits: [name: string, type: string, input: object, blocked: (path: string) => object][] = [
      [
        "ask",
        "NodeWaitingApproval",
        {},
        (path) => ({
          ...{ kind: "approval", nodeId: "ship/it 100%", iteration: 0 },
          unblock: `POST ${path}/nodes/ship%2Fit%20100%25/approve or POST ${path}/nodes/ship%2Fit%20100%25/deny`,
        }),
      ],
      [
        "wait",
        "NodeWaitingEvent",
        {},
        (path) => ({ kind: "event", nodeId: "wait", event: "paid/now", unblock: `POST ${path}/signals/paid%2Fnow` }),
      ],
      [
        "wait",
        "NodeWaitingEvent",
        { order: "A-17" },
        (path) => ({
          ...{ kind: "event", correlationId: "A-17" },
          unblock: `POST ${path}/signals/paid%2Fnow with {"correlationId":"A-17"}`,
        }),
      ],
      ["nap", "NodeWaitingTimer", { duration: "2h" }, () => ({ kind: "timer", nodeId: "nap" })],
    ];
    for (const [name, type, input, blocked] of waits) {
      const runId = await target.startUntil(name, type, input);
      const { status, runState } = await target.run(runId);
      const { kind, sinceMs, firesAtMs, unblock } = runState.blocked!;
      expect([status, runState.state]).toEqual([`waiting-${kind}`, status] as never);
      const { body } = await target.get(`/v1/runs?limit=1000&workflow=conformance-${name}`);
      const listed = (body as RunListItem[]).find((run) => run.runId === runId)!;
      expect({ ...listed.runState, computedAt: "" }).toEqual({ ...runState, computedAt: "" });
      expect(runState.blocked).toMatchObject({ sinceMs: expect.any(Number), ...blocked(`/v1/runs/${runId}`) });
      if (name === "nap") {
        expect(firesAtMs! - sinceMs).toBe(7_200_000);
        expect(unblock).toContain(new Date(firesAtMs!).toISOString());
      }
      await target.post(`/v1/runs/${runId}/cancel`);
    }
  });
});

test("GET /v1/runs/:runId/nodes is every node in plan order, with its result", async () => {
  const { runId } = await target.complete(file("echo"), { msg: "hi" });
  const node = {
    iteration: 0,
    state: "finished",
    output: { value: "hi" },
    error: null,
    finishedAtMs: expect.any(Number),
  };
  const { body } = await target.get(`/v1/runs/${runId}/nodes`);
  expect(body).toEqual([
    { nodeId: "say", ...node, label: "Say it", attempt: 1, startedAtMs: expect.any(Number) },
    // A literal needs no attempt.
    { nodeId: "again", ...node, label: null, attempt: 0, startedAtMs: null },
  ]);
});

test("GET /v1/runs/:runId/nodes comes in pages, without outputs over 64 KB", async () => {
  const { runId } = await target.complete(file("sized"), { size: 100_000 });
  const bytes = 100_000 + '{"text":""}'.length;
  const [large, ...loop] = await target.nodes(runId);
  expect(large).toMatchObject({ nodeId: "a/b", state: "finished", output: null, outputBytes: bytes });
  expect(loop.map(({ output, outputBytes }) => [output, outputBytes])).toEqual(
    ["0", "1", "2"].map((text) => [{ text }, undefined]),
  );
  const pages = await Array.fromAsync(target.pages(`/v1/runs/${runId}/nodes?limit=2`));
  expect(pages).toEqual([[large, loop[0]], loop.slice(1)]);
  expect(await target.code("GET", `/v1/runs/${runId}/nodes?cursor=x`)).toEqual([400, "INVALID_REQUEST"]);

  const { status, body } = await target.get(`/v1/runs/${runId}/nodes/a%2Fb`);
  expect([status, body.output]).toEqual([200, { text: "x".repeat(100_000) }]);
});

test("an output of 64 KB stands in the list", async () => {
  const { runId } = await target.complete(file("sized"), { size: 65_536 - '{"text":""}'.length });
  const [node] = await target.nodes(runId);
  expect(node!.output).toEqual({ text: expect.stringMatching(/^x{65525}$/) });
  expect(node).not.toHaveProperty("outputBytes");
});

test("GET /v1/runs/:runId/nodes/:nodeId is one node with its attempts, the last iteration unless the query says", async () => {
  const { runId } = await target.complete(file("sized"), { size: 1 });
  const { body } = await target.get(`/v1/runs/${runId}/nodes/a%2Fb`);
  const at = { startedAtMs: expect.any(Number), finishedAtMs: expect.any(Number) };
  expect(body).toEqual({
    runId,
    nodeId: "a/b",
    iteration: 0,
    kind: "compute",
    state: "finished",
    label: null,
    attempt: 2,
    ...at,
    output: { text: "x" },
    error: null,
    attempts: [
      {
        attempt: 1,
        state: "failed",
        ...at,
        error: expect.objectContaining({ code: "TASK_FAILED", message: "not yet" }),
      },
      { attempt: 2, state: "finished", ...at, error: null },
    ],
    toolCalls: [],
  });
  const node = `/v1/runs/${runId}/nodes/c`;
  expect((await target.get(node)).body).toMatchObject({ iteration: 2, kind: "static", output: { text: "2" } });
  expect((await target.get(`${node}?iteration=1`)).body).toMatchObject({ iteration: 1, output: { text: "1" } });
  expect(await target.code("GET", `${node}?iteration=3`)).toEqual([404, "NODE_NOT_FOUND"]);
  expect(await target.code("GET", `${node}?iteration=-1`)).toEqual([400, "INVALID_REQUEST"]);
  expect(await target.code("GET", `/v1/runs/${runId}/nodes/nope`)).toEqual([404, "NODE_NOT_FOUND"]);
});

test("GET /v1/runs/:runId/nodes keeps the plan's order, whichever node ended first, with each iteration apart", async () => {
  const { runId } = await target.complete(file("plan"));
  expect((await target.nodes(runId)).map(({ nodeId, iteration, state }) => [nodeId, iteration, state])).toEqual([
    ["z", 0, "finished"],
    ["a", 0, "finished"],
    ["m", 0, "finished"],
    ["m", 1, "finished"],
    ["b", 0, "skipped"],
  ]);
});

test("GET /v1/runs/:runId/frames is one frame per change, by pages", async () => {
  const { runId } = await target.complete(file("echo"));
  const frames: Frame[] = (await target.get(`/v1/runs/${runId}/frames?order=asc`)).body;
  expect(frames.map(({ frameNo }) => frameNo)).toEqual([1, 2]);
  expect(frames.map(({ mountedTaskIdsJson }) => JSON.parse(mountedTaskIdsJson))).toEqual([["say"], ["say", "again"]]);
  for (const { xmlJson, ...frame } of frames) {
    expect(Object.keys(frame).sort()).toEqual(
      ["runId", "frameNo", "createdAtMs", "xmlHash", "mountedTaskIdsJson", "taskIndexJson"].sort(),
    );
    expect(frame.xmlHash).toBe(createHash("sha256").update(xmlJson).digest("hex"));
    const tree = JSON.parse(xmlJson);
    expect(Object.keys(tree)).toEqual(["kind", "tag", "props", "children"]);
    const [say] = tree.children;
    expect([tree.kind, tree.tag, tree.props.name]).toEqual(["element", "smithers:workflow", "conformance-echo"]);
    expect([say.tag, say.props.id, say.props.label]).toEqual(["smithers:task", "say", "Say it"]);
  }
  expect(JSON.parse(frames[1]!.taskIndexJson)).toMatchObject([
    { nodeId: "say", iteration: 0, ordinal: 0 },
    { nodeId: "again", iteration: 0, ordinal: 1 },
  ]);
  const page = await target.get(`/v1/runs/${runId}/frames?limit=1&order=asc`);
  expect([page.body, page.headers.get("link")]).toEqual([
    [frames[0]],
    `</v1/runs/${runId}/frames?limit=1&order=asc&afterFrameNo=1>; rel="next"`,
  ] as never);
  expect((await target.get(`/v1/runs/${runId}/frames?afterFrameNo=1&limit=1&order=asc`)).body).toEqual([frames[1]]);
  const newest = await target.get(`/v1/runs/${runId}/frames?limit=1`);
  expect([newest.body, newest.headers.get("link")]).toEqual([
    [frames[1]],
    `</v1/runs/${runId}/frames?limit=1&beforeFrameNo=2>; rel="next"`,
  ]);
  expect((await target.get(`/v1/runs/${runId}/frames?afterFrameNo=2`)).body).toEqual([]);
});

test("the Link header leads through all frames of a run, each once", async () => {
  const { runId } = await target.complete(file("plan"));
  const all: Frame[] = (await target.get(`/v1/runs/${runId}/frames`)).body;
  expect(all.length).toBeGreaterThan(2);
  const pages = await Array.fromAsync(target.pages(`/v1/runs/${runId}/frames?limit=1`));
  expect(pages.flat()).toEqual(all);
});

describe("POST /v1/runs/:runId/resume", () => {
  const resume = (runId: string, body = {}) => target.code("POST", `/v1/runs/${runId}/resume`, body);

  test("continues a failed run, and repeats no finished task", async () => {
    const { runId } = await target.complete(file("fails-once"));
    expect(await resume(runId, { workflowPath: file("fails-once") })).toEqual([200, undefined]);
    expect((await target.end(runId)).status).toBe("finished");
    expect((await target.nodes(runId)).map(({ output }) => output)).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
  });

  test("by twenty at once gives one owner", async () => {
    const { runId } = await target.complete(file("fails-once"));
    const codes = await many(20, () => resume(runId));
    expect(count(codes, [200, undefined])).toBe(1);
    expect(count(codes, [409, "RUN_IN_PROGRESS"])).toBe(19);
    expect((await target.end(runId)).status).toBe("finished");
  });

  test("of a run that a live owner executes is RUN_IN_PROGRESS", async () => {
    const runId = await target.startUntil("hang", "NodeStarted");
    expect(await resume(runId)).toEqual([409, "RUN_IN_PROGRESS"]);
    expect(await target.code("POST", "/v1/runs", { runId, resume: true })).toEqual([409, "RUN_IN_PROGRESS"]);
    await target.post(`/v1/runs/${runId}/cancel`);
  });

  test("of a waiting run is accepted, and the run is still waiting", async () => {
    const runId = await target.startUntil("wait", "NodeWaitingEvent");
    expect(await resume(runId)).toEqual([200, undefined]);
    await target.post(`/v1/runs/${runId}/signals/paid%2Fnow`, { data: { value: 1 } });
    expect((await target.end(runId)).status).toBe("finished");
  });

  test("with a workflow outside the root is refused, and the run stays failed", async () => {
    const { runId } = await target.complete(file("fails-once"));
    expect(await resume(runId, { workflowPath: "../x.tsx" })).toEqual([400, "WORKFLOW_PATH_OUTSIDE_ROOT"]);
    expect((await target.run(runId)).status).toBe("failed");
  });

  test("of a run that has ended for good is RUN_NOT_ACTIVE", async () => {
    expect(await resume((await target.complete(file("echo"))).runId)).toEqual([409, "RUN_NOT_ACTIVE"]);
    const cancelled = await target.startUntil("wait", "NodeWaitingEvent");
    await target.post(`/v1/runs/${cancelled}/cancel`);
    await target.end(cancelled);
    expect(await resume(cancelled)).toEqual([409, "RUN_NOT_ACTIVE"]);
    expect(await target.code("POST", `/v1/runs/${cancelled}/cancel`)).toEqual([409, "RUN_NOT_ACTIVE"]);
  });
});

describe("POST /v1/runs/:runId/cancel", () => {
  test.each([
    ["runs", "hang", "NodeStarted"],
    ["waits", "wait", "NodeWaitingEvent"],
  ])("ends a run that %s", async (_, name, type) => {
    const runId = await target.startUntil(name, type);
    const { status, body } = await target.post(`/v1/runs/${runId}/cancel`);
    expect([status, body]).toEqual([200, { runId }]);
    expect(await target.end(runId)).toMatchObject({
      status: "cancelled",
      runState: { state: "cancelled" },
      summary: { cancelled: 1 },
    });
  });

  test("of a run that has ended is RUN_NOT_ACTIVE", async () => {
    const { runId } = await target.complete(file("echo"));
    expect(await target.code("POST", `/v1/runs/${runId}/cancel`)).toEqual([409, "RUN_NOT_ACTIVE"]);
  });

  test("that races the end of the run is answered with what becomes of the run", async () => {
    await many(20, async (index) => {
      const runId = await target.startUntil("wait", "NodeWaitingEvent");
      const cancel = () => target.code("POST", `/v1/runs/${runId}/cancel`);
      const finish = () => target.code("POST", `/v1/runs/${runId}/signals/paid%2Fnow`, { data: { value: 1 } });
      const [cancelled] =
        index % 2 ? await Promise.all([cancel(), finish()]) : (await Promise.all([finish(), cancel()])).reverse();
      const types: string[] = [];
      for await (const { event } of target.events(runId)) types.push(event.type);
      const { status } = await target.run(runId);
      expect([cancelled, status]).toEqual(
        cancelled![0] === 200 ? [[200, undefined], "cancelled"] : [[409, "RUN_NOT_ACTIVE"], "finished"],
      );
      const ends = types.filter((type) => ["RunFinished", "RunCancelled", "RunFailed"].includes(type));
      expect(ends).toEqual([status === "cancelled" ? "RunCancelled" : "RunFinished"]);
    });
  });
});

import { expect, test } from "bun:test";
import { createServer } from "node:http";
import { type Change, createClient, SmithersError } from "smithers-orchestrator/client";
import { afterThisTest } from "../support/cleanup.ts";
import { copyRun } from "../support/copied-runs.ts";
import { databaseOf } from "../support/database.ts";
import { folder, write } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const ask = workflowFile(`<Approval id="ship/it" output={outputs.decision} request={{ title: "Ship?" }} />`, {
  schemas: "decision: approvalDecisionSchema",
});
const wait = workflowFile(`<WaitForEvent id="w" event="paid/now" correlationId="o-1" output={outputs.result} />`);
const typed = workflowFile(`<Task id="a" output={outputs.result}>{() => ({ value: ctx.input.n })}</Task>`, {
  schemas: "input: z.object({ n: z.number() }), result: z.object({ value: z.any() })",
});

/** The SmithersError that a call ends with. */
async function failure(call: Promise<unknown>): Promise<SmithersError> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (error instanceof SmithersError) return error;
  throw new Error(`No SmithersError, but ${String(error)}.`);
}

/** An HTTP server that gives every request the same answer; closed after the test. */
async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterThisTest(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test("a run is started, followed to its end and read", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { authToken: "secret" });
  const { runs } = createClient({ url: `${server.url}/`, token: "secret" });
  const { runId } = await runs.start({ workflowPath: "echo.tsx", input: { msg: "hi" }, runId: "echo-1" });
  expect(runId).toBe("echo-1");
  const run = await runs.wait(runId);
  expect(run).toMatchObject({ runId, status: "finished", output: { value: "hi" } });
  expect(await runs.get(runId)).toMatchObject({ ...run, runState: { ...run.runState, computedAt: expect.anything() } });
  const [node] = (await runs.nodes(runId).page()).items;
  expect(node).toMatchObject({ nodeId: "say", state: "finished", output: { value: "hi" } });
  expect(await Array.fromAsync(runs.nodes(runId))).toEqual([node!]);
  expect(await runs.node(runId, "say")).toMatchObject({
    ...node,
    runId,
    attempts: [{ attempt: 1, state: "finished" }],
  });
  expect(await failure(runs.node(runId, "say", 1))).toMatchObject({ code: "NODE_NOT_FOUND" });
});

test("the same idempotency key starts one run", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const { runs } = createClient({ url: server.url });
  const request = { workflowPath: "echo.tsx", input: { msg: "hi" }, idempotencyKey: "order-17" };
  expect(await runs.start(request)).toEqual(await runs.start(request));
  expect(await failure(runs.start({ ...request, input: {} }))).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
});

test("decisions are listed, granted and denied", async () => {
  const server = await serve(folder({ "ask.tsx": ask }));
  const { runs, approvals } = createClient({ url: server.url });
  for (const runId of ["a", "b"]) {
    await runs.start({ workflowPath: "ask.tsx", runId });
    await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  }
  expect(await approvals.list()).toMatchObject([
    { runId: "a", nodeId: "ship/it", requestTitle: "Ship?" },
    { runId: "b", nodeId: "ship/it" },
  ]);
  expect(await approvals.approve("a", "ship/it", { note: "fine", decidedBy: "ann" })).toEqual({ runId: "a" });
  expect(await approvals.deny("b", "ship/it")).toEqual({ runId: "b" });
  expect(await runs.wait("a")).toMatchObject({ status: "finished", output: { approved: true, decidedBy: "ann" } });
  expect(await runs.wait("b")).toMatchObject({ status: "failed", error: { code: "APPROVAL_DENIED" } });
  expect(await approvals.list()).toEqual([]);
});

test("a signal is sent, and a run is cancelled", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const { runs, signals } = createClient({ url: server.url });
  for (const runId of ["a", "b"]) await runs.start({ workflowPath: "wait.tsx", runId });
  const sent = { data: { value: 1 }, correlationId: "o-1" };
  expect(await signals.send("a", "paid/now", sent)).toMatchObject({ signalName: "paid/now", correlationId: "o-1" });
  expect(await runs.wait("a")).toMatchObject({ status: "finished", output: { value: 1 } });
  expect(await runs.cancel("b")).toEqual({ runId: "b" });
  expect(await runs.wait("b")).toMatchObject({ status: "cancelled" });
});

test("a list of 1,200 runs is read over all its pages, or a page at a time", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const { runs } = createClient({ url: server.url });
  const started: string[] = [];
  for (const runId of ["a", "b", "c"]) {
    await server.complete("echo.tsx", {}, { runId });
    await copyRun(databaseOf(root), runId, 399);
    started.push(runId, ...Array.from({ length: 399 }, (_, n) => `${runId}-${n + 1}`));
  }
  const listed = await Array.fromAsync(runs.list());
  expect(listed.length).toBe(1_200);
  expect(new Set(listed.map(({ runId }) => runId))).toEqual(new Set(started));
  const created = listed.map(({ createdAtMs }) => createdAtMs);
  expect(created).toEqual(created.toSorted((a, b) => b - a));

  const first = await runs.list({ limit: 700 }).page();
  expect(first.items).toHaveLength(700);
  const second = await runs.list({ limit: 700, cursor: first.nextCursor }).page();
  expect([second.items.length, second.nextCursor]).toEqual([500, undefined]);
  expect([...first.items, ...second.items].map(({ runId }) => runId)).toEqual(listed.map(({ runId }) => runId));
  expect(await runs.list({ workflow: "other" }).page()).toEqual({ items: [], nextCursor: undefined });
});

test("frames are read over all their pages", async () => {
  const loop = `<Loop id="l" until={ctx.iterationCount("result", "t") >= 3} maxIterations={9}>
    <Task id="t" output={outputs.result}>{() => ({ value: 1 })}</Task></Loop>`;
  const server = await serve(folder({ "loop.tsx": workflowFile(loop) }));
  const { runs } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "loop.tsx" });
  await runs.wait(runId);
  const all = await Array.fromAsync(runs.frames(runId, { limit: 1 }));
  expect(all.length).toBeGreaterThan(2);
  const numbers = all.map((_, index) => index + 1);
  expect(all.map(({ frameNo }) => frameNo)).toEqual(numbers.toReversed());
  const oldestFirst = await Array.fromAsync(runs.frames(runId, { limit: 1, order: "asc" }));
  expect(oldestFirst.map(({ frameNo }) => frameNo)).toEqual(numbers);
  const { items, nextCursor } = await runs.frames(runId, { limit: 1, afterFrameNo: 1, order: "asc" }).page();
  expect([items[0]!.frameNo, nextCursor]).toEqual([2, "2"]);
});

test("an error has the server's code, message, status and details", async () => {
  const server = await serve(folder({ "typed.tsx": typed }), { authToken: "secret" });
  const { runs } = createClient({ url: server.url, token: "secret" });
  const { body } = await server.post("/v1/runs", { workflowPath: "typed.tsx", input: { n: "x" } });
  const invalid = await failure(runs.start({ workflowPath: "typed.tsx", input: { n: "x" } }));
  expect(invalid).toMatchObject({ code: "INVALID_INPUT", status: 400, message: body.error.message });
  expect(invalid.details).toEqual(body.error.details);
  expect(await failure(runs.get("nothing"))).toMatchObject({ code: "RUN_NOT_FOUND", status: 404, details: undefined });
  const stranger = createClient({ url: server.url, token: "wrong" });
  expect(await failure(stranger.approvals.list())).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
  expect(await failure(Array.fromAsync(stranger.runs.list()))).toMatchObject({ code: "UNAUTHORIZED" });
});

test("no server, and one that is not a Smithers server, is CONNECTION_FAILED", async () => {
  const server = await serve(folder());
  await server.close();
  const away = await failure(createClient({ url: server.url }).runs.get("x"));
  expect(away).toMatchObject({ code: "CONNECTION_FAILED", message: expect.stringContaining(server.url) });
  expect(away.cause).toBeInstanceOf(Error);
  for (const [status, body] of [
    [502, "<h1>Bad gateway</h1>"],
    [404, "{}"],
    [200, "<h1>Welcome</h1>"],
  ] as const) {
    const { runs } = createClient({ url: await answering(status, body) });
    expect(await failure(runs.get("x"))).toMatchObject({ code: "CONNECTION_FAILED", details: { status } });
  }
});

test("a code that this client does not know yet is kept, with the answer's status", async () => {
  const body = '{"error":{"code":"TOO_MANY_RUNS","message":"Wait.","details":{"most":3}}}';
  const { runs } = createClient({ url: await answering(429, body) });
  expect(await failure(runs.get("x"))).toMatchObject({
    code: "TOO_MANY_RUNS",
    status: 429,
    message: "Wait.",
    details: { most: 3 },
  });
});

test("an address that is not an http one is refused", async () => {
  for (const url of ["", "localhost:7331", "ftp://localhost", "/v1"]) {
    expect(() => createClient({ url })).toThrow(/http address/);
  }
});

test("the given fetch and headers are used, and the address may have a path", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { authToken: "secret" });
  const asked: [url: string, method: string | undefined][] = [];
  const { runs } = createClient({
    url: "http://elsewhere.invalid/prefix/",
    headers: { "x-smithers-key": "secret" },
    fetch(url, init) {
      asked.push([url, init.method]);
      return fetch(url.replace("http://elsewhere.invalid/prefix", server.url), init);
    },
  });
  const { runId } = await runs.start({ workflowPath: "echo.tsx", input: { msg: "x" } });
  await runs.wait(runId);
  for (let n = 0; n < 2; n += 1) await runs.start({ workflowPath: "echo.tsx", input: { msg: "x" } });
  expect(await Array.fromAsync(runs.list({ limit: 2 }))).toHaveLength(3);
  expect(asked[0]).toEqual(["http://elsewhere.invalid/prefix/v1/runs", "POST"]);
  for (const [url] of asked) expect(url).toStartWith("http://elsewhere.invalid/prefix/v1/runs");
});

test("a start whose answer is lost is sent again with its key, and starts one run", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const keys: unknown[] = [];
  const { runs } = createClient({
    url: server.url,
    async fetch(url, init) {
      const response = await fetch(url, init);
      if (init.method !== "POST") return response;
      keys.push((init.headers as Record<string, string>)["Idempotency-Key"]);
      if (keys.length === 1) throw new TypeError("the connection broke");
      return response;
    },
  });
  const { runId } = await runs.start({ workflowPath: "echo.tsx" });
  expect(keys).toEqual([expect.any(String), keys[0]]);
  expect((await Array.fromAsync(runs.list())).map((run) => run.runId)).toEqual([runId]);
  const other = await runs.start({ workflowPath: "echo.tsx" });
  expect(other.runId).not.toBe(runId);
});

test("a failed node is retried, and workflows are listed", async () => {
  const flaky = workflowFile(
    `<Task id="t" output={outputs.result} noRetry>{() => { if (!existsSync("gate")) throw new Error("no"); return { value: 1 }; }}</Task>`,
  );
  const root = folder({ "flaky.tsx": flaky.replaceAll('"gate"', "ctx.input.gate as string") });
  const server = await serve(root);
  const { runs, workflows } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "flaky.tsx", input: { gate: `${root}/gate` } });
  expect((await runs.wait(runId)).status).toBe("failed");
  write(root, { gate: "" });
  expect(await runs.retry(runId, "t")).toEqual({ runId });
  expect((await runs.wait(runId)).status).toBe("finished");
  expect(await Array.fromAsync(workflows.list())).toEqual([{ workflowPath: "flaky.tsx", name: "test" }]);
});

test("changes are streamed, also after the server was restarted; the reader can leave", async () => {
  const root = folder({ "echo.tsx": echo });
  const first = await ServerProcess.start(root, withoutWorkers);
  const client = createClient({ url: first.url });
  const leave = new AbortController();
  const changes = client.changes({ signal: leave.signal });
  const until = async (fits: (change: Change) => boolean) => {
    for (;;) {
      const { value, done } = await changes.next();
      if (done) throw new Error("the changes have ended");
      if (fits(value)) return value;
    }
  };
  const finished = (runId: string) => (change: Change) =>
    change.type === "run" && change.run.runId === runId && change.run.status === "finished";
  await until(({ type }) => type === "connected");
  await client.runs.start({ workflowPath: "echo.tsx", runId: "one" });
  await until(finished("one"));
  await first.kill();
  await until(({ type }) => type === "disconnected");
  const port = Number(new URL(first.url).port);
  await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ port, isolation: "none" }) });
  await until(({ type }) => type === "connected");
  await client.runs.start({ workflowPath: "echo.tsx", runId: "two" });
  await until(finished("two"));
  leave.abort(new Error("enough"));
  expect(await changes.next().catch((error) => error.message)).toBe("enough");
});

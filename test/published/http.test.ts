import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { Wire } from "../support/wire.ts";
import { echo, workflowFile } from "../support/workflows.ts";

test("positions of streams and frames may be -1 or empty, and limits above the greatest are the greatest", async () => {
  const tree = `<Loop id="l" until={ctx.iterationCount(outputs.result, "t") >= 2}><Task id="t" output={outputs.result}>{{ value: 1 }}</Task></Loop><Task id="u" output={outputs.result} dependsOn={["t"]}>{() => ({ value: 1 })}</Task>{ctx.outputMaybe(outputs.result, { nodeId: "u" }) && <Task id="v" output={outputs.result}>{() => ({ value: 1 })}</Task>}`;
  const server = await serve(folder({ "flow.tsx": workflowFile(tree) }));
  const { runId } = await server.complete("flow.tsx");
  const whole = (await server.get(`/v1/runs/${runId}/events`)).body;
  for (const position of ["afterSeq=-1", "afterSeq="]) {
    expect((await server.get(`/v1/runs/${runId}/events?${position}`)).body).toBe(whole);
  }
  const frames = (await server.get(`/v1/runs/${runId}/frames`)).body;
  expect(frames.length).toBeGreaterThan(1);
  for (const position of ["afterFrameNo=-1", "afterFrameNo=", "limit=100000"]) {
    expect((await server.get(`/v1/runs/${runId}/frames?${position}`)).body).toEqual(frames);
  }
  const newest = await server.get(`/v1/runs/${runId}/frames?limit=1`);
  const oldest = await server.get(`/v1/runs/${runId}/frames?limit=1&order=asc`);
  expect([newest.body[0].frameNo, oldest.body[0].frameNo]).toEqual([frames[0].frameNo, frames.at(-1).frameNo]);
  expect(newest.body[0].frameNo).toBeGreaterThan(oldest.body[0].frameNo);
  expect((await server.get("/v1/runs?limit=100000")).status).toBe(200);
  for (const limit of ["many", "1.5", "-1"]) expect((await server.get(`/v1/runs?limit=${limit}`)).status).toBe(400);
});

test("null is as absent, and a number may be text, which holds", async () => {
  const tree = `<Parallel>{[1, 2, 3, 4].map((n) => <Task key={n} id={"t" + n} output={outputs.result}>{async () => { running++; most = Math.max(most, running); await new Promise((resolve) => setTimeout(resolve, 30)); running--; return { value: most }; }}</Task>)}</Parallel>`;
  const server = await serve(folder({ "flow.tsx": workflowFile(tree, { head: "let running = 0, most = 0;" }) }));
  const body = { workflowPath: "flow.tsx", runId: null, input: null, config: { maxConcurrency: "2" } };
  const { status, body: started } = await server.post("/v1/runs", body);
  expect(status).toBe(200);
  await server.end(started.runId);
  const nodes = await server.nodes(started.runId);
  expect(Math.max(...nodes.map(({ output }) => (output as { value: number }).value))).toBe(2);
  expect((await server.post("/v1/runs", { ...body, config: { maxConcurrency: "many" } })).status).toBe(400);
});

test("at most four attempts of a run are in flight unless it says otherwise", async () => {
  const tree = `<Parallel>{Array.from({ length: 12 }, (_, n) => <Task key={n} id={"t" + n} output={outputs.result}>{async () => { running++; most = Math.max(most, running); await new Promise((resolve) => setTimeout(resolve, 30)); running--; return { value: most }; }}</Task>)}</Parallel>`;
  const server = await serve(folder({ "flow.tsx": workflowFile(tree, { head: "let running = 0, most = 0;" }) }));
  const most = async (config: object) => {
    const runId = await server.start("flow.tsx", {}, { config });
    await server.end(runId);
    const nodes = await server.nodes(runId);
    return Math.max(...nodes.map(({ output }) => (output as { value: number }).value));
  };
  expect(await most({})).toBe(4);
  expect(await most({ maxConcurrency: 7 })).toBe(7);
});

test("a token may come bare, and with Bearer in the other header", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { authToken: "key-1" });
  const status = async (headers: Record<string, string>) =>
    (await new Wire(server.url).get("/v1/runs", headers)).status;
  expect(await status({ authorization: "key-1" })).toBe(200);
  expect(await status({ "x-smithers-key": "Bearer key-1" })).toBe(200);
  expect(await status({ authorization: "key-2" })).toBe(401);
  expect(await status({ "x-smithers-key": "Bearer key-2" })).toBe(401);
});

test("approvals have labels and titles, timers ids, and tool calls numbers and a status", async () => {
  const tree = `
    <Timer id="nap" duration="1ms" />
    <Task id="tool" output={outputs.result}>{async () => ({ value: [await bash("echo hi"), await bash("exit 3").catch(() => "failed")] })}</Task>
    <Parallel>
      <Approval id="ship" output={outputs.gate} request={{ title: "Ship?" }} />
      <Task id="work" output={outputs.result} needsApproval>{{ value: 1 }}</Task>
    </Parallel>`;
  const schemas = "result: z.object({ value: z.any() }), gate: approvalDecisionSchema";
  const server = await serve(folder({ "flow.tsx": workflowFile(tree, { schemas }) }));
  const runId = await server.start("flow.tsx");
  const events: Record<string, unknown>[] = [];
  // The client replaces a tool call's own `seq`.
  for await (const { data } of server.messages(`/v1/runs/${runId}/events`)) {
    events.push(JSON.parse(data));
    if (events.filter(({ type }) => type === "ApprovalRequested").length === 2) break;
  }
  const of = (type: string) => events.filter((event) => event.type === type);
  expect(of("TimerCreated")).toMatchObject([{ nodeId: "nap", timerId: "nap" }]);
  expect(of("TimerFired")).toMatchObject([{ nodeId: "nap", timerId: "nap" }]);
  expect(of("ToolCallStarted").map(({ toolName, seq }) => [toolName, typeof seq])).toEqual([
    ["bash", "number"],
    ["bash", "number"],
  ]);
  expect(of("ToolCallFinished").map(({ status }) => status)).toEqual(["success", "error"]);
  const approvals = await server.approvals.list();
  expect(approvals.map((one: Record<string, unknown>) => [one.nodeId, one.label, typeof one.requestTitle])).toEqual([
    ["ship", "ship", "string"],
    ["work", "work", "string"],
  ]);
});

test("a run that finished although tolerated nodes failed says how many", async () => {
  const tree = `<Task id="bad" output={outputs.result} continueOnFail noRetry>{() => { throw new Error("no"); }}</Task><Task id="good" output={outputs.result}>{{ value: 1 }}</Task>`;
  const server = await serve(folder({ "flow.tsx": workflowFile(tree) }));
  const run = await server.complete("flow.tsx");
  expect(run).toMatchObject({ status: "finished", failedChildren: 1 });
});

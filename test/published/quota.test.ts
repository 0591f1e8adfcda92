import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** An agent that refuses `times` times with what `refuse` throws, noting the time of each call in a file. */
const refusing = (dir: string, times: number, refuse: string) => `
const calls = ${JSON.stringify(join(dir, "calls.txt"))};
const callsSoFar = () => existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\\n").length : 0;
const limited = { id: "limited", async generate() {
  const count = callsSoFar();
  appendFileSync(calls, Date.now() + "\\n");
  if (count < ${times}) throw ${refuse};
  return { text: JSON.stringify({ value: "done" }) };
} };
const spare = { id: "spare", generate: async () => ({ text: JSON.stringify({ value: "spare" }) }) };
const broken = { id: "broken", generate: async () => { throw new Error("No such model."); } };
`;

const refusal = (header: string, status = 429) =>
  `Object.assign(new Error("Too many requests."), { statusCode: ${status}, responseHeaders: { "retry-after": ${header} } })`;

const task = (props: string) => `<Task id="ask" output={outputs.result} ${props}>Please.</Task>`;

/** A folder with a workflow file of this tree, or of one task with these props. */
function root(times: number, refuse: string, props: string, tree = task(props), schemas?: string): string {
  const dir = folder();
  writeFileSync(join(dir, "ask.tsx"), workflowFile(tree, { head: refusing(dir, times, refuse), schemas }));
  return dir;
}

const callTimes = (dir: string) => readFileSync(join(dir, "calls.txt"), "utf8").trim().split("\n").map(Number);

test("a run whose provider refuses is parked until the time that it gives, and uses up no retries", async () => {
  const dir = root(3, refusal('"1"'), "agent={limited} retries={1}");
  const server = await serve(dir);
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "waiting-quota");
  const { runState } = await server.run(runId);
  expect(runState).toMatchObject({
    state: "waiting-quota",
    blocked: { kind: "quota", nodeId: "ask", retryAtMs: expect.any(Number), sinceMs: expect.any(Number) },
  });
  expect((await server.get("/v1/runs?status=waiting-quota")).body).toHaveLength(1);
  expect((await server.get("/metrics")).body).toMatch(/smithers_runs_parked\{[^}]*waits_for="quota"[^}]*\} 1/);
  const events = [];
  for await (const { event } of server.events(runId)) events.push(event);
  expect(events.at(-1)!.type).toBe("RunFinished");
  const waits = events.filter((event) => event.type === "NodeWaitingQuota");
  expect(waits).toHaveLength(3);
  const called = callTimes(dir);
  expect(called).toHaveLength(4);
  called.slice(1).forEach((at, index) => {
    expect(at - called[index]!).toBeGreaterThanOrEqual(999);
    expect(at).toBeGreaterThanOrEqual(waits[index]!.retryAtMs - 1);
  });
  expect(events.filter(({ type }) => type === "NodeRetrying")).toEqual([]);
  expect(events.filter((event) => event.type === "AgentFailed")).toHaveLength(3);
  const { body } = await server.get(`/v1/runs/${runId}/nodes/ask`);
  expect(body).toMatchObject({ state: "finished", attempt: 4, error: null });
  expect(body.agentFailures).toHaveLength(3);
});

test("the next agent of the chain is asked at once; the hop is an event and stands in the node's detail", async () => {
  const server = await serve(root(99, refusal('"3600"', 503), "agent={[limited, spare]}"));
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "finished");
  expect(await server.run(runId)).toMatchObject({ output: { value: "spare" } });
  const { body } = await server.get(`/v1/runs/${runId}/nodes/ask`);
  expect(body.agentFailures).toEqual([
    {
      attempt: 1,
      agent: "limited",
      error: expect.objectContaining({ message: "Too many requests." }),
      failedAtMs: expect.any(Number),
    },
  ]);
});

test("an agent that is broken uses up its retries before the run waits for the one that is refused", async () => {
  const dir = root(99, refusal('"3600"'), "agent={[limited, broken]} retries={1} retryPolicy={{ initialDelayMs: 1 }}");
  const server = await serve(dir);
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "waiting-quota");
  expect(callTimes(dir)).toHaveLength(2);
  await server.runs.cancel(runId);
  expect((await server.run(runId)).status).toBe("cancelled");
});

test("waits that together exceed the task's timeoutMs fail the run, with the provider's words", async () => {
  const server = await serve(root(99, refusal('"3600"'), "agent={limited} timeoutMs={60_000}"));
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "failed");
  const { error } = await server.run(runId);
  expect(error).toMatchObject({ code: "QUOTA_EXCEEDED", nodeId: "ask" });
  expect(error!.message).toContain("Too many requests.");
  expect(error!.message).toContain("timeoutMs (60000 ms)");
});

test("a wait for a provider survives the server: a kill, and a start after its time", async () => {
  const dir = root(1, refusal('"2"'), "agent={limited} retries={0}");
  const first = await ServerProcess.start(dir, withoutWorkers);
  const runId = await first.start("ask.tsx");
  await eventually(async () => (await first.run(runId)).status === "waiting-quota");
  await first.kill();
  const second = await ServerProcess.start(dir, withoutWorkers);
  await eventually(async () => (await second.run(runId)).status === "finished");
  const [refused, served] = callTimes(dir);
  expect(served! - refused!).toBeGreaterThanOrEqual(1_999);
  expect((await second.get(`/v1/runs/${runId}/nodes/ask`)).body).toMatchObject({ attempt: 2 });
});

test("while one task waits for its provider, the others of the run are executed, and a gate still opens", async () => {
  const tree = `<Parallel>${task("agent={limited}")}<Approval id="gate" output={outputs.gate} request={{ title: "Go?" }} /></Parallel>`;
  const schemas = "result: z.object({ value: z.any() }), gate: approvalDecisionSchema";
  const server = await serve(root(1, refusal('"2"'), "", tree, schemas));
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "waiting-approval");
  await server.approvals.approve(runId, "gate");
  await eventually(async () => (await server.run(runId)).status === "waiting-quota");
  await eventually(async () => (await server.run(runId)).status === "finished");
});

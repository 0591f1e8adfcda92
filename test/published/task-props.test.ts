import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedServer } from "../support/shared-server.ts";
import { workflowFile } from "../support/workflows.ts";

const head = `
import { ToolLoopAgent, tool } from ${JSON.stringify(Bun.resolveSync("ai", import.meta.dir))};
import { MockLanguageModelV3 } from ${JSON.stringify(Bun.resolveSync("ai/test", import.meta.dir))};
import { read, write } from "smithers-orchestrator";
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
/** A model that calls these tools, one at a step, and then answers. */
const model = (...calls) => new MockLanguageModelV3({
  doGenerate: [
    ...calls.map(([toolName, input], index) => ({
      content: [{ type: "tool-call", toolCallId: "call-" + index, toolName, input: JSON.stringify(input) }],
      finishReason: { unified: "tool-calls" }, usage, warnings: [],
    })),
    { content: [{ type: "text", text: '{"value":"done"}' }], finishReason: { unified: "stop" }, usage, warnings: [] },
  ],
});
/** An agent of all tools: two of this package, and a foreign one. */
const tooled = (root) => new ToolLoopAgent({
  model: model(["read", { path: root + "/a.txt" }], ["write", { path: root + "/made", content: "x" }], ["foreign", {}]),
  tools: {
    read,
    write,
    foreign: tool({ description: "d", inputSchema: z.object({}), execute: () => writeFileSync(root + "/foreign", "x") }),
  },
});
/** An agent that always gives this answer, and notes each call. */
const answering = (root, answer) => ({ generate: async ({ outputSchema, allowTools, tools }) => {
  const fits = outputSchema.safeParse({ verdict: "good", extra: 1 }).success;
  appendFileSync(root + "/calls", JSON.stringify({ allowTools, tools, fits }) + "\\n");
  return { text: JSON.stringify(answer) };
} });
const verdict = z.object({ verdict: z.enum(["good", "bad"]), extra: z.number() });
`;
const schemas = "result: z.object({ value: z.any() }), short: z.object({ verdict: z.string() })";

const serving = sharedServer();

async function complete(tree: string) {
  const { root, server } = serving({ "flow.tsx": workflowFile(tree, { head, schemas }), "a.txt": "alpha" });
  const run = await server.complete("flow.tsx", { root });
  const calls = () =>
    readFileSync(join(root, "calls"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { root, server, run, calls };
}

test("allowTools keeps an agent from every other tool, also from those of other packages", async () => {
  const { root, server, run } = await complete(
    `<Task id="a" output={outputs.result} agent={tooled(ctx.input.root)} allowTools={["read"]}>Do it.</Task>`,
  );
  expect(run).toMatchObject({ status: "finished", output: { value: "done" } });
  const node = await server.get(`/v1/runs/${run.runId}/nodes/a`);
  expect(node.body.toolCalls.map(({ toolName }: { toolName: string }) => toolName)).toEqual(["read"]);
  expect(existsSync(join(root, "made"))).toBe(false);
  expect(existsSync(join(root, "foreign"))).toBe(false);
});

test("without allowTools the same agent calls all of its tools", async () => {
  const { root } = await complete(`<Task id="a" output={outputs.result} agent={tooled(ctx.input.root)}>Do it.</Task>`);
  expect(existsSync(join(root, "made"))).toBe(true);
  expect(existsSync(join(root, "foreign"))).toBe(true);
});

test("allowTools holds for the code of a task, and an empty list allows none", async () => {
  const { run } = await complete(
    `<Task id="a" output={outputs.result} allowTools={[]} noRetry>{async () => ({ value: await read("a.txt") })}</Task>`,
  );
  expect(run).toMatchObject({ status: "failed", error: { code: "TOOL_NOT_ALLOWED" } });
});

test("an agent is told which tools its task allows", async () => {
  const { calls } = await complete(
    `<Task id="a" output={outputs.result} agent={answering(ctx.input.root, { value: 1 })} allowTools={["read", "grep"]}>Go.</Task>`,
  );
  expect(calls()[0].allowTools).toEqual(["read", "grep"]);
});

test.each([0, 3])("maxSchemaRetries={%p} bounds the repairs of an attempt", async (count) => {
  const { run, calls } = await complete(
    `<Task id="a" output={outputs.short} agent={answering(ctx.input.root, { value: 1 })} maxSchemaRetries={${count}} noRetry>Go.</Task>`,
  );
  expect(run).toMatchObject({ status: "failed", error: { code: "AGENT_FAILED" } });
  expect(calls()).toHaveLength(1 + count);
});

test("outputSchema is what an agent is asked for, and the output keeps what its own schema names", async () => {
  const { run, calls } = await complete(
    `<Task id="a" output={outputs.short} outputSchema={verdict} agent={answering(ctx.input.root, { verdict: "good", extra: 2 })}>Go.</Task>`,
  );
  expect(run).toMatchObject({ status: "finished", output: { verdict: "good" } });
  expect(run.output).toEqual({ verdict: "good" });
  expect(calls()[0].fits).toBe(true);
});

test("outputSchema is checked before the output's schema, of a function too", async () => {
  const { run } = await complete(
    `<Task id="a" output={outputs.short} outputSchema={verdict} noRetry>{() => ({ verdict: "fair", extra: 1 })}</Task>`,
  );
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT" } });
  expect(JSON.stringify(run.error!.details)).toContain("verdict");
});

test('heartbeatTimeout="20ms" ends an attempt that is silent, as heartbeatTimeoutMs does', async () => {
  const { run } = await complete(
    `<Task id="a" output={outputs.result} heartbeatTimeout="20ms" noRetry>{(task) => new Promise((_, reject) => task.signal.addEventListener("abort", () => reject(task.signal.reason)))}</Task>`,
  );
  expect(run).toMatchObject({ status: "failed", error: { code: "TASK_HEARTBEAT_TIMEOUT" } });
});

test.each([
  ['heartbeatTimeout="soon"', "heartbeatTimeout must be"],
  ['heartbeatTimeout="1s" heartbeatTimeoutMs={1}', "the same limit"],
  ['allowTools="read"', "allowTools must be an array"],
  ['allowTools={[]} tools={{ allow: ["read"] }}', "the same list"],
  ["maxSchemaRetries={-1}", "maxSchemaRetries must be a whole number"],
  ["outputSchema={{ verdict: 1 }}", "outputSchema must be a Zod schema"],
])("<Task %s> is refused", async (props, problem) => {
  const { run } = await complete(`<Task id="a" output={outputs.result} ${props}>{{ value: 1 }}</Task>`);
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(run.error!.message).toContain(problem);
});

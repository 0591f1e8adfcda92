/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { ToolLoopAgent, type ToolSet } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { bash, createSmithers, defineTool, edit, grep, read, write } from "smithers-orchestrator";
import { z } from "zod";
import { folder } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { inStore, run } from "../support/run.ts";

const shout = defineTool({
  name: "shout",
  description: "Says something loudly.",
  schema: z.object({ text: z.string().transform((text) => text.toUpperCase()) }),
  execute: ({ text }) => `${text}!`,
});

// That this compiles is a part of the promise: every tool is one of the AI SDK's.
const tools = { bash, read, write, edit, grep, shout } satisfies ToolSet;

const { smithers, outputs, Workflow, Task } = createSmithers({ answer: z.object({ text: z.string() }) });

type Generate = NonNullable<Awaited<ReturnType<MockLanguageModelV3["doGenerate"]>>>;

/** A model that calls these tools, one at a step, and then answers. */
function model(...calls: [toolName: string, input: object][]) {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 1, text: 1, reasoning: undefined },
  };
  const steps = calls.map(
    ([toolName, input], index): Generate => ({
      content: [{ type: "tool-call", toolCallId: `call-${index}`, toolName, input: JSON.stringify(input) }],
      finishReason: { unified: "tool-calls", raw: undefined },
      usage,
      warnings: [],
    }),
  );
  const answer: Generate = {
    content: [{ type: "text", text: '{"text":"done"}' }],
    finishReason: { unified: "stop", raw: undefined },
    usage,
    warnings: [],
  };
  return new MockLanguageModelV3({ doGenerate: [...steps, answer] });
}

testWithBash("an agent of the AI SDK calls the tools, within the run's root, and each call is recorded", async () => {
  const root = folder({ "a.txt": "alpha\n" });
  const mock = model(
    ["bash", { command: "echo hi > b.txt; cat a.txt" }],
    ["read", { path: "b.txt" }],
    ["write", { path: "c.txt", content: "one\n" }],
    ["edit", { path: "c.txt", patch: [{ find: "one", replace: "two" }] }],
    ["grep", { pattern: "two|hi" }],
    ["shout", { text: "hey" }],
    ["read", { path: "/etc/passwd" }],
  );
  const agent = new ToolLoopAgent({ model: mock, tools });
  const ran = await run(
    smithers(() => (
      <Workflow name="agent">
        <Task id="a" output={outputs.answer} agent={agent}>
          Do it.
        </Task>
      </Workflow>
    )),
    { rootDir: root, runId: "r" },
  );
  expect(ran.output).toEqual({ text: "done" });
  const told = mock.doGenerateCalls
    .at(-1)!
    .prompt.flatMap((message) => (message.role === "tool" ? message.content : []))
    .map((part) => (part.type === "tool-result" ? part.output : undefined));
  expect(told.slice(0, 6)).toEqual([
    { type: "text", value: "alpha" },
    { type: "text", value: "hi\n" },
    { type: "text", value: "Wrote 4 bytes to c.txt." },
    { type: "text", value: "Replaced 1 place in c.txt." },
    { type: "text", value: "b.txt:1:hi\nc.txt:1:two" },
    { type: "text", value: "HEY!" },
  ]);
  expect(told[6]).toMatchObject({ type: "error-text", value: expect.stringContaining("leads out of the root") });
  const node = await inStore(ran.db, (store) => store.readNode("r", "a", 0));
  expect(node?.toolCalls.map(({ toolName, state }) => [toolName, state])).toEqual([
    ["bash", "finished"],
    ["read", "finished"],
    ["write", "finished"],
    ["edit", "finished"],
    ["grep", "finished"],
    ["shout", "finished"],
    ["read", "failed"],
  ]);
});

test("a model gets the JSON Schema of each tool's input", async () => {
  const mock = model();
  await new ToolLoopAgent({ model: mock, tools }).generate({ prompt: "Go." });
  const schemas = Object.fromEntries(
    mock.doGenerateCalls[0]!.tools!.map((each) => [each.name, each.type === "function" ? each.inputSchema : undefined]),
  );
  expect(Object.keys(schemas)).toEqual(["bash", "read", "write", "edit", "grep", "shout"]);
  expect(schemas.bash).toMatchObject({ required: ["command"] });
  expect(schemas.edit).toMatchObject({ required: ["path", "patch"] });
});

test("a task that allows some tools keeps its agent from the others", async () => {
  const agent = new ToolLoopAgent({ model: model(["bash", { command: "touch made" }]), tools });
  const root = folder();
  const ran = await run(
    smithers(() => (
      <Workflow name="agent">
        <Task id="a" output={outputs.answer} agent={agent} tools={{ allow: ["read", "grep"] }}>
          Do it.
        </Task>
      </Workflow>
    )),
    { rootDir: root },
  );
  expect(ran.status).toBe("finished");
  expect(ran.of("ToolCallStarted")).toEqual([]);
});

import { expect, test } from "bun:test";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { AnthropicAgent, OpenAIAgent, tools } from "smithers-orchestrator";
import * as toolsEntry from "smithers-orchestrator/tools";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const usage = {
  inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 20, text: 20, reasoning: 0 },
};
const finishReason = { unified: "stop" as const, raw: undefined };

const fakeModel = () =>
  new MockLanguageModelV3({
    modelId: "mock-1",
    doGenerate: async () => ({ content: [{ type: "text", text: "hello" }], finishReason, usage, warnings: [] }),
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "hel" },
          { type: "text-delta", id: "1", delta: "lo" },
          { type: "text-end", id: "1" },
          { type: "finish", finishReason, usage },
        ],
      }),
    }),
  });

/** A provider's package, whose models answer what a task here wants, and use 120 tokens. */
const providerPackage = (name: string, factory: string) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "4.0.0", type: "module", main: "index.js" }),
  [`node_modules/${name}/index.js`]: `export const ${factory} = (modelId) => ({
    specificationVersion: "v3", provider: "${factory}", modelId, supportedUrls: {},
    async doGenerate({ prompt, tools }) {
      const value = { model: modelId, system: prompt[0].content, tools: (tools ?? []).map(({ name }) => name) };
      return { content: [{ type: "text", text: JSON.stringify({ value }) }], warnings: [],
        finishReason: ${JSON.stringify(finishReason)}, usage: ${JSON.stringify(usage)} };
    },
  });`,
});

const asking = (agent: string) =>
  workflowFile(`<Task id="ask" output={outputs.result} agent={agent} retries={2}>Please.</Task>`, {
    head: `import { AnthropicAgent, OpenAIAgent, tools } from "smithers-orchestrator";\nconst agent = new ${agent};`,
  });

test("an agent finds a model by its name in the package that the project has installed", async () => {
  const options = (model: string) => `{ model: "${model}", tools, instructions: "Be careful." }`;
  const root = folder({
    "anthropic.tsx": asking(`AnthropicAgent(${options("claude-opus-4-6")})`),
    "openai.tsx": asking(`OpenAIAgent(${options("gpt-5.3-codex")})`),
    ...providerPackage("@ai-sdk/anthropic", "anthropic"),
    ...providerPackage("@ai-sdk/openai", "openai"),
  });
  const server = await ServerProcess.start(root, withoutWorkers);
  for (const [file, model] of [
    ["anthropic.tsx", "claude-opus-4-6"],
    ["openai.tsx", "gpt-5.3-codex"],
  ] as const) {
    expect(await server.complete(file)).toMatchObject({
      status: "finished",
      output: { value: { model, system: "Be careful.", tools: ["read", "write", "edit", "grep", "bash"] } },
      tokenUsage: [{ model, inputTokens: 100, outputTokens: 20 }],
    });
  }
});

test("without the provider's package, the task fails at once, and the error says what to install", async () => {
  const server = await ServerProcess.start(
    folder({ "ask.tsx": asking('AnthropicAgent({ model: "claude-opus-4-6" })') }),
  );
  const run = await server.complete("ask.tsx");
  expect(run).toMatchObject({ status: "failed", error: { code: "AGENT_FAILED" } });
  expect(run.error!.message).toContain(
    'AnthropicAgent needs the package "@ai-sdk/anthropic", which is not installed. ' +
      "Install it with: npm install ai @ai-sdk/anthropic.",
  );
  expect(await server.get(`/v1/runs/${run.runId}/nodes/ask`)).toMatchObject({ body: { attempt: 1 } });
});

test("a model of the AI SDK needs no provider's package, and settings go to the AI SDK as they are", async () => {
  const model = fakeModel();
  const agent = new AnthropicAgent({ id: "sdk", model, instructions: "You review.", temperature: 0.5, tools });
  expect([agent.id, Object.keys(agent.tools)]).toEqual(["sdk", ["read", "write", "edit", "grep", "bash"]]);
  expect((await agent.generate({ prompt: "Review this." })).text).toBe("hello");
  expect(model.doGenerateCalls[0]).toMatchObject({
    temperature: 0.5,
    prompt: [{ role: "system", content: "You review." }, { role: "user" }],
  });
  expect(new OpenAIAgent({ model }).id).toBe("OpenAIAgent mock-1");
  expect(() => new OpenAIAgent({} as never)).toThrow("OpenAIAgent needs a model");
});

test("with streamText, text is reported as it comes, and the answer is the same", async () => {
  const agent = new OpenAIAgent({ model: fakeModel(), streamText: true });
  const said: string[] = [];
  const answer = await agent.generate({ prompt: "Hi.", onStdout: (text) => said.push(text) });
  expect(said).toEqual(["hel", "lo", "\n"]);
  expect(answer).toMatchObject({ text: "hello", totalUsage: { inputTokens: 100, outputTokens: 20 } });
});

test("the tools object has the package's own tools, at both entries", () => {
  expect(tools).toBe(toolsEntry.tools);
  expect({ ...tools }).toEqual({
    read: toolsEntry.read,
    write: toolsEntry.write,
    edit: toolsEntry.edit,
    grep: toolsEntry.grep,
    bash: toolsEntry.bash,
  });
});

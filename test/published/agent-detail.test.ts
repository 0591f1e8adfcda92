import { expect, test } from "bun:test";
import { startSmithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";

const secret = "sk-very-secret-value-1234";

const source = `/** @jsxImportSource smithers-orchestrator */
import { bash, createSmithers, defineTool, write } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.any() }) });
const hidden = defineTool({ name: "hidden", description: "Keeps quiet.", schema: z.object({ card: z.string() }),
  keepArguments: false, execute: () => 1 });
const login = defineTool({ name: "login", description: "Logs in.", schema: z.object({ user: z.string(), password: z.string() }),
  execute: () => 1 });
let asked = 0;
const agent = { id: "worker", async generate({ onStdout }) {
  asked += 1;
  if (asked === 1) return { text: "no JSON", usage: { inputTokens: 5, outputTokens: 1 }, response: { modelId: "m-1" } };
  await write({ path: "big.txt", content: "x".repeat(20_000) });
  await bash("echo $WORD", { env: { WORD: "hushhush" } });
  await login({ user: "ada", password: "hunter2-hunter2" });
  await hidden({ card: "4111" });
  return { output: { value: 1 }, usage: { inputTokens: 7, outputTokens: 2 }, response: { modelId: "m-2" } };
} };
export default smithers((ctx) => (
  <Workflow name="detail">
    <Task id="ask" output={outputs.result} agent={agent}>{"Use ${secret}. " + "y".repeat(ctx.input.length)}</Task>
    <Task id="other" output={outputs.result}>{{ value: "${secret}" }}</Task>
  </Workflow>
));
`;

test("a node's detail has what its agents were asked, what tools were called with and the tokens, without secrets", async () => {
  const server = await ServerProcess.start(folder({ "detail.tsx": source }), { MY_API_KEY: secret });
  const runId = (await server.complete("detail.tsx", { length: 100_000 })).runId;
  const { body } = await server.get(`/v1/runs/${runId}/nodes/ask`);
  expect(body.prompts).toHaveLength(2);
  expect(body.prompts[0]).toMatchObject({ attempt: 1, agent: "worker", promptedAtMs: expect.any(Number) });
  expect(body.prompts[0].prompt).toStartWith("Use [redacted]. yyy");
  expect(body.prompts[0].prompt).toMatch(/… \[cut: 1\d{5} characters in all\]$/);
  expect(Buffer.byteLength(body.prompts[0].prompt)).toBeLessThanOrEqual(16_384);
  expect(body.toolCalls.map(({ toolName, arguments: given }: any) => [toolName, given])).toEqual([
    [
      "write",
      { path: "big.txt", content: expect.stringMatching(/^x+… \[cut: 20000 characters in all\]$/), truncated: true },
    ],
    ["bash", { command: "echo $WORD", env: { WORD: "[redacted]" } }],
    ["login", { user: "ada", password: "[redacted]" }],
    ["hidden", null],
  ]);
  expect(body.tokenUsage).toEqual([
    { model: "m-1", inputTokens: 5, outputTokens: 1 },
    { model: "m-2", inputTokens: 7, outputTokens: 2 },
  ]);
  expect((await server.run(runId)).tokenUsage).toEqual(body.tokenUsage);
  const { body: other } = await server.get(`/v1/runs/${runId}/nodes/other`);
  expect([other.prompts, other.tokenUsage, other.output]).toEqual([undefined, undefined, { value: secret }]);
  const [{ xmlJson }] = (await server.get(`/v1/runs/${runId}/frames`)).body;
  expect(xmlJson).toContain("Use [redacted]. yyy");
  const { body: metrics } = await server.get("/metrics");
  expect(metrics).toMatch(/smithers_tokens_total\{direction="input",model="m-2"[^}]*\} 7/);

  const shown = async (...args: string[]) => {
    const { code, out } = await startSmithers([...args, "--url", server.url], { cwd: "/" }).ended;
    expect(code).toBe(0);
    return out;
  };
  expect(await shown("inspect", runId)).toMatch(/Tokens +5 in, 1 out of m-1\n +7 in, 2 out of m-2\n/);
  expect(await shown("node", runId, "ask")).toMatch(
    /Tokens +5 in, 1 out of m-1\n(.*\n)*Prompt +Use \[redacted\]\. yyy/,
  );
});

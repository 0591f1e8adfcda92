import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";

const workflow = (max: number) => `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync, existsSync } from "node:fs";
import { Aspects, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.string() }) });
const agent = (id, until) => ({ id, async generate() {
  appendFileSync("calls", id + "\\n");
  while (until && !existsSync(until)) await new Promise((resolve) => setTimeout(resolve, 5));
  return { output: { value: id }, usage: { inputTokens: 100, outputTokens: 20 }, response: { modelId: "m-" + id } };
} });
export default smithers(() => (
  <Workflow name="budget">
    <Aspects tokenBudget={{ max: ${max}, onExceeded: "fail" }}>
      <Task id="a" output={outputs.result} agent={agent("a")}>A</Task>
      <Task id="b" output={outputs.result} agent={agent("b", "go")}>B</Task>
      <Task id="c" output={outputs.result} agent={agent("c")}>C</Task>
    </Aspects>
  </Workflow>
));
`;

test("a run that is continued after kill -9 counts what was used before, and a higher budget lets it continue", async () => {
  const root = folder({ "budget.tsx": workflow(200) });
  const calls = () =>
    existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trim().split("\n") : [];
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("budget.tsx");
  await eventually(() => calls().at(-1) === "b");
  await first.kill();
  await Bun.write(join(root, "go"), "");
  const second = await ServerProcess.start(root, withoutWorkers);
  const run = await eventually(async () => {
    const found = await second.run(runId);
    return found.status === "failed" && found;
  });
  expect(run).toMatchObject({
    error: { code: "BUDGET_EXCEEDED", nodeId: "c", details: { used: 240, limit: 200 } },
    tokenUsage: [
      { model: "m-a", inputTokens: 100, outputTokens: 20 },
      { model: "m-b", inputTokens: 100, outputTokens: 20 },
    ],
  });
  expect(calls()).toEqual(["a", "b", "b"]);
  await Bun.write(join(root, "budget.tsx"), workflow(1_000));
  await second.runs.resume(runId);
  await eventually(async () => (await second.run(runId)).status === "finished");
  expect(calls()).toEqual(["a", "b", "b", "c"]);
});

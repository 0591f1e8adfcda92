import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { sharedServer } from "../support/shared-server.ts";

const flow = (
  props: string,
  escalation = "z.object({ escalated: z.boolean(), fromLevel: z.number(), toLevel: z.number() })",
) => `
/** @jsxImportSource smithers-orchestrator */
import { appendFileSync, existsSync } from "node:fs";
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const answer = z.object({ text: z.string(), confidence: z.number() });
const { smithers, outputs, Workflow, Task, Loop, EscalationChain } = createSmithers({
  first: answer, second: answer, third: answer, escalation: ${escalation}, end: z.object({ value: z.any() }),
});
/** An agent that notes that it is asked, and answers with this confidence, or fails without one. */
const agent = (root, name, confidence, gate) => ({ id: name, generate: async ({ prompt }) => {
  appendFileSync(root + "/ledger", name + "\\n");
  while (gate && !existsSync(root + "/go")) await new Promise((resolve) => setTimeout(resolve, 5));
  if (confidence === undefined) throw Object.assign(new Error(name + " is away"), { retryable: false });
  return { text: JSON.stringify({ text: prompt.split("\\n")[0], confidence }) };
} });
const unsure = (result) => {
  if (result === undefined) throw new Error("called without a result");
  return result.confidence < 0.5;
};
export default smithers((ctx) => {
  const { root } = ctx.input;
  const of = (key) => ctx.outputs[key].map((row) => row.text ?? row);
  return (
    <Workflow name="support">
      <EscalationChain id="support" escalationOutput={outputs.escalation} ${props}>Help {"Ann"}.</EscalationChain>
      <Task id="end" output={outputs.end}>{() => ({ value: [of("first"), of("second"), of("third")] })}</Task>
    </Workflow>
  );
});
`;
const levels = (...given: (number | undefined)[]) =>
  `levels={[${given
    .map((confidence, n) => {
      const key = ["first", "second", "third"][n];
      return `{ agent: agent(root, "${key}", ${confidence}), output: outputs.${key}, label: "Tier ${n + 1}", escalateIf: unsure }`;
    })
    .join(", ")}]}`;

const ledger = (root: string) => readFileSync(join(root, "ledger"), "utf8").trim().split("\n");

const serving = sharedServer();

async function begin(props: string, escalation?: string) {
  const { root, server } = serving({ "flow.tsx": flow(props, escalation) });
  const runId = await server.start("flow.tsx", { root });
  return { root, server, runId };
}

test("the first level that is sure of its answer ends the chain", async () => {
  const { root, server, runId } = await begin(`${levels(0.9, 0.9)} humanFallback`);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: [["Help Ann."], [], []] } });
  expect(ledger(root)).toEqual(["first"]);
  expect((await server.nodes(runId)).map(({ nodeId }) => nodeId)).toEqual(["support-level-0", "end"]);
});

test("a level that fails, and one that is unsure, pass the question on, and each step is recorded", async () => {
  const { root, server, runId } = await begin(levels(undefined, 0.1, 0.8));
  expect(await server.end(runId)).toMatchObject({
    status: "finished",
    runState: { state: "succeeded" },
    output: { value: [[], ["Help Ann."], ["Help Ann."]] },
  });
  expect(ledger(root)).toEqual(["first", "second", "third"]);
  const nodes = await server.nodes(runId);
  expect(nodes.map(({ nodeId, state, label }) => [nodeId, state, label])).toEqual([
    ["support-level-0", "failed", "Tier 1"],
    ["support-check-0", "finished", "Passed on to level 2"],
    ["support-level-1", "finished", "Tier 2"],
    ["support-check-1", "finished", "Passed on to level 3"],
    ["support-level-2", "finished", "Tier 3"],
    ["end", "finished", null],
  ]);
  expect(nodes[3]!.output).toEqual({ escalated: true, fromLevel: 1, toLevel: 2 });
});

test("at last a person is asked for a value of escalationOutput", async () => {
  const request = 'humanFallback humanRequest={{ title: "Ann needs help", summary: "No agent could." }}';
  const { server, runId } = await begin(`${levels(0.1)} ${request}`, "z.object({ reply: z.string() })");
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  const [item] = await server.approvalsOf(runId);
  expect(item).toMatchObject({
    nodeId: "support-human-fallback",
    mode: "answer",
    requestTitle: "Ann needs help",
    requestSummary: "No agent could.",
    dataSchema: { required: ["reply"] },
  });
  await server.approvals.approve(runId, "support-human-fallback", { data: { reply: "Hello" } });
  expect((await server.end(runId)).status).toBe("finished");
  expect((await server.nodes(runId)).find(({ nodeId }) => nodeId === item!.nodeId)!.output).toEqual({ reply: "Hello" });
});

test("an escalationOutput that takes a decision asks the person for a yes or no", async () => {
  const { server, runId } = await begin(
    `${levels(undefined)} humanFallback`,
    "z.object({ approved: z.boolean(), note: z.string().nullable() })",
  );
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  expect(await server.approvalsOf(runId)).toMatchObject([{ mode: "approve" }]);
  await server.approvals.approve(runId, "support-human-fallback", { note: "I will" });
  expect((await server.end(runId)).status).toBe("finished");
});

test("without a person the run continues after a chain that no level settled, and says what has failed", async () => {
  const { server, runId } = await begin(levels(undefined, undefined));
  expect(await server.end(runId)).toMatchObject({ status: "finished", failedChildren: 2 });
});

test.each([
  ["levels={[]}", "with at least one"],
  ["levels={[{ output: outputs.first }]}", "levels[0].agent is required"],
  [
    "levels={[{ agent: agent(root, 'a', 1), output: outputs.first, escalateIff: unsure }]}",
    'Did you mean "escalateIf"',
  ],
  ["levels={[{ agent: agent(root, 'a', 1), output: outputs.first, escalateIf: true }]}", "must be a function"],
  [`${levels(1)} humanFalback`, 'Did you mean "humanFallback"'],
  ["levels={[{ agent: agent(root, 'a', 1), output: outputs.first, escalateIf: (r) => r.no.such }]}", "escalateIf of"],
])("<EscalationChain %s> is refused", async (props, problem) => {
  const { server, runId } = await begin(props);
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(run.error!.message).toContain(problem);
});

test("skipIf leaves the chain out", async () => {
  const { server, runId } = await begin(`${levels(1)} humanFallback skipIf`);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: [[], [], []] } });
});

test("a chain continues at the level that a killed server interrupted", async () => {
  const gated = levels(0.1, 0.9).replace('"second", 0.9)', '"second", 0.9, true)');
  const root = folder({ "flow.tsx": flow(`${gated} humanFallback`) });
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("flow.tsx", { root });
  await eventually(() => ledger(root).includes("second"));
  await first.kill();
  const second = await ServerProcess.start(root, withoutWorkers);
  await second.until(
    runId,
    (event) => event.type === "NodeStarted" && event.nodeId === "support-level-1" && event.attempt === 2,
  );
  await Bun.write(join(root, "go"), "");
  await eventually(async () => (await second.run(runId)).status === "finished");
  expect(ledger(root)).toEqual(["first", "second", "second"]);
});

test("the example of a support desk answers, searches, or asks a person", async () => {
  const example = readFileSync(new URL("../../examples/support.tsx", import.meta.url), "utf8");
  const { server } = serving({ "support.tsx": example });
  const reply = async (question: string) => (await server.complete("support.tsx", { question })).output;
  expect(await reply("opening hours")).toEqual({ reply: "We are open from 9 to 17." });
  expect(await reply("I have lost my key")).toEqual({ reply: "Use the link under the form to set a new one." });
  const runId = await server.start("support.tsx", { question: "Why?" });
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  await server.approvals.approve(runId, "support-human-fallback", { data: { reply: "Because." } });
  expect((await server.end(runId)).output).toEqual({ reply: "Because." });
});

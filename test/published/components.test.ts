import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

/** A workflow that takes the named components from `createSmithers`, as the published package's workflows do. */
const using = (names: string, tree: string) => `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync } from "node:fs";
import { approvalDecisionSchema, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task, ${names} } = createSmithers({
  result: z.object({ value: z.any() }),
  decision: approvalDecisionSchema,
});
export default smithers((ctx) => (
  <Workflow name="test">
    ${tree}
  </Workflow>
));
`;

async function complete(file: string, input: object = {}) {
  const root = folder({ "flow.tsx": file });
  const server = await serve(root);
  const run = await server.complete("flow.tsx", { ledger: join(root, "ledger"), ...input });
  return { root, server, run, nodes: await server.nodes(run.runId) };
}

test("Ralph repeats its body as Loop does, and ctx.iterations counts by the loop's id", async () => {
  const { run } = await complete(
    using(
      "Ralph",
      `<Ralph id="again" until={ctx.iterationCount(outputs.result, "t") >= 3}>
         <Task id="t" output={outputs.result}>{{ value: ctx.iterations.again ?? "none yet" }}</Task>
       </Ralph>`,
    ),
  );
  expect(run).toMatchObject({ status: "finished", output: { value: 2 } });
});

test("MergeQueue runs one child at a time", async () => {
  const step = (id: string) =>
    `<Task id="${id}" output={outputs.result}>{async () => {
       appendFileSync(ctx.input.ledger, "${id} start\\n");
       await new Promise((resolve) => setTimeout(resolve, 20));
       appendFileSync(ctx.input.ledger, "${id} end\\n");
       return { value: 1 };
     }}</Task>`;
  const { root } = await complete(using("MergeQueue", `<MergeQueue>${step("a")}${step("b")}${step("c")}</MergeQueue>`));
  expect(readFileSync(join(root, "ledger"), "utf8").trim().split("\n")).toEqual(
    ["a", "b", "c"].flatMap((id) => [`${id} start`, `${id} end`]),
  );
});

const gate = using(
  "ApprovalGate",
  `<ApprovalGate id="gate" output={outputs.decision} request={{ title: "Ship?" }} when={ctx.input.risky} />
   <Task id="t" output={outputs.result}>{{ value: ctx.outputMaybe(outputs.decision, { nodeId: "gate" })?.approved }}</Task>`,
);

test("ApprovalGate approves at once without its condition, and asks with it", async () => {
  const { server, run, nodes } = await complete(gate, { risky: false });
  expect(run).toMatchObject({ status: "finished", output: { value: true } });
  expect(nodes[0]).toMatchObject({ nodeId: "gate", output: { approved: true, decidedBy: null } });
  expect(await server.approvals.list()).toEqual([]);

  const runId = await server.start("flow.tsx", { risky: true });
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  await server.approvals.approve(runId, "gate", { decidedBy: "ann" });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: true } });
});

test("Approval autoApprove asks a person only when its condition is false", async () => {
  const { run } = await complete(
    using(
      "Approval",
      `<Approval id="auto" output={outputs.decision} request={{ title: "Go?" }}
         autoApprove={{ condition: (now) => now.input.trusted === true }} />`,
    ),
    { trusted: true },
  );
  expect(run).toMatchObject({ status: "finished", output: { approved: true } });
});

test.each([
  ['allowedUsers={["ann"]}', "allowedUsers cannot be held"],
  ['allowedScopes={["ship:now"]}', "allowedScopes cannot be held"],
  ["autoApprove={{ after: 3 }}", "autoApprove.after is not supported"],
])("Approval refuses %s by name", async (prop, message) => {
  const { run } = await complete(
    using("Approval", `<Approval id="a" output={outputs.decision} request={{ title: "Go?" }} ${prop} />`),
  );
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(run.error!.message).toContain(message);
});

test("a task with depsOptional runs without the value of a dependency that failed", async () => {
  const source = `<Task id="src" output={outputs.result} noRetry continueOnFail>{() => { throw new Error("down"); }}</Task>`;
  const reader = (more: string) =>
    `<Task id="reader" output={outputs.result} deps={{ src: outputs.result }} ${more}>{({ src }) => ({ value: src === undefined })}</Task>`;
  const { run } = await complete(using("Loop", source + reader("depsOptional")));
  expect(run).toMatchObject({ status: "finished", output: { value: true } });
  const { nodes } = await complete(using("Loop", source + reader("")));
  expect(nodes[1]).toMatchObject({ nodeId: "reader", state: "skipped" });
});

test("ctx.latestArray keeps the items that fit, and an unknown output has no rows", async () => {
  const { run } = await complete(
    using(
      "Loop",
      `<Task id="t" output={outputs.result}>{{ value: [
         ctx.latestArray(["1", 2, "3"], z.string()),
         ctx.latestArray('[{"n":1},{"n":"x"}]', z.object({ n: z.number() })),
         ctx.latestArray(undefined, z.string()),
         ctx.latestArray({ n: 2 }, z.object({ n: z.number() })),
         ctx.latestArray('{"n":3}', z.object({ n: z.number() })),
         ctx.latestArray("no JSON", z.string()),
         ctx.outputs("nope"),
         ctx.outputs.nope === undefined,
       ] }}</Task>`,
    ),
  );
  expect(run.output).toEqual({ value: [["1", "3"], [{ n: 1 }], [], [{ n: 2 }], [{ n: 3 }], [], [], true] });
});

test.each([
  ["Approval", '<Approval id="ask" output={outputs.decision} request={{ title: "Ship?" }} async />'],
  ["Task", '<Task id="ask" output={outputs.result} needsApproval async>{{ value: "shipped" }}</Task>'],
])("what follows an async %s and does not depend on it continues", async (component, asking) => {
  const tree = `${asking}
    <Task id="free" output={outputs.result}>{{ value: 1 }}</Task>
    <Task id="bound" output={outputs.result} dependsOn={["ask"]}>{{ value: 2 }}</Task>`;
  const server = await serve(folder({ "flow.tsx": using(component === "Task" ? "Loop" : component, tree) }));
  const runId = await server.start("flow.tsx");
  await server.until(runId, ({ type }) => type === "RunStatusChanged");
  expect(await server.run(runId)).toMatchObject({ status: "waiting-approval" });
  expect(await server.nodes(runId)).toMatchObject([
    { nodeId: "ask", state: "waiting-approval" },
    { nodeId: "free", state: "finished" },
    { nodeId: "bound", state: "pending" },
  ]);
  await server.approvals.approve(runId, "ask");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
  expect((await server.nodes(runId)).map(({ state }) => state)).toEqual(["finished", "finished", "finished"]);
});

test.each([
  ["Signal", '<Signal id="go" schema={outputs.result} async />'],
  ["WaitForEvent", '<WaitForEvent id="go" event="go" output={outputs.result} async />'],
])("what follows an async %s and does not depend on it continues", async (component, waiting) => {
  const tree = `${waiting}
    <Task id="free" output={outputs.result}>{{ value: 1 }}</Task>
    <Task id="bound" output={outputs.result} dependsOn={["go"]}>{{ value: 2 }}</Task>`;
  const server = await serve(folder({ "flow.tsx": using(component, tree) }));
  const runId = await server.start("flow.tsx");
  await server.until(runId, ({ type }) => type === "RunStatusChanged");
  expect(await server.run(runId)).toMatchObject({ status: "waiting-event" });
  expect((await server.nodes(runId)).map(({ state }) => state)).toEqual(["waiting-event", "finished", "pending"]);
  await server.signals.send(runId, "go", { data: { value: 3 } });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
});

test("a task is async only with needsApproval", async () => {
  const { run } = await complete(using("Loop", `<Task id="t" output={outputs.result} async>{{ value: 1 }}</Task>`));
  expect(run.error!.message).toContain("async has an effect only with needsApproval");
});

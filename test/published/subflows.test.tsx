/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Approval, approvalDecisionSchema, createSmithers, Subflow, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { canRun } from "../../scripts/programs.ts";
import { smithersJson } from "../support/cli.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { faultEnv } from "../support/fault.ts";
import { folder } from "../support/folder.ts";
import { postgresDatabase } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { inStore, run } from "../support/run.ts";
import { serve } from "../support/server.ts";
import { sharedServer } from "../support/shared-server.ts";

const head = `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { NonRetryableError, approvalDecisionSchema, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const note = (root, text) => appendFileSync(join(root, "ledger"), text + "\\n");
`;

/** A workflow that is only imported. `tree` may use `ctx`, `root` and `n` of its input. */
const child = (tree: string) => `${head}
const { smithers, outputs, Workflow, Task, Approval, Signal, Timer, Parallel, ContinueAsNew, Loop } = createSmithers({
  input: z.strictObject({ n: z.number(), root: z.string() }),
  step: z.object({ n: z.number() }),
  output: z.object({ doubled: z.number() }),
  decision: approvalDecisionSchema,
});
export default smithers((ctx) => {
  const { n, root } = ctx.input;
  return <Workflow name="child">${tree}</Workflow>;
});
`;

const parent = (tree: string) => `${head}
import child from "./child.tsx";
const { smithers, outputs, Workflow, Task, Subflow, Parallel, MergeQueue, TryCatchFinally, Loop } = createSmithers({
  result: z.object({ doubled: z.number() }),
  end: z.any(),
});
export default smithers((ctx) => {
  const { root } = ctx.input;
  return <Workflow name="parent">${tree}</Workflow>;
});
`;

const plain = `
  <Task id="first" output={outputs.step}>{() => { note(root, "first " + n); return { n }; }}</Task>
  <Task id="double" output={outputs.output}>{() => ({ doubled: 2 * n })}</Task>
  <Task id="last" output={outputs.step}>{() => ({ n: -1 })}</Task>`;

const one = `<Subflow id="sub" workflow={child} input={{ n: 4, root }} output={outputs.result} />
  <Task id="end" output={outputs.end} deps={{ sub: outputs.result }}>{({ sub }) => sub.doubled + 1}</Task>`;

const ledgerOf = (root: string) => readFileSync(join(root, "ledger"), "utf8").trim().split("\n");

const bothFiles = (parentTree: string, childTree: string) => ({
  "parent.tsx": parent(parentTree),
  "child.tsx": child(childTree),
});

const project = (parentTree: string, childTree: string) => folder(bothFiles(parentTree, childTree));

const serving = sharedServer();
const servings = { none: serving, process: sharedServer({ isolation: "process" }) };

async function childrenOf(server: Client, runId: string) {
  const { body } = await server.get("/v1/runs");
  return body.filter((run: any) => run.parentRunId === runId).reverse();
}

const isolations = ["none", "process"] as const;

test.each(isolations)(
  "with isolation %s, a subflow is a run of its own, whose output is the node's",
  async (isolation) => {
    const { root, server } = servings[isolation](bothFiles(one, plain));
    const run = await server.complete("parent.tsx", { root });
    expect(run).toMatchObject({ status: "finished", output: 9 });
    const children = await childrenOf(server, run.runId);
    expect(children).toMatchObject([{ workflowName: "child", status: "finished" }]);
    const { runId: childRunId } = children[0];
    expect(await server.run(childRunId)).toMatchObject({ parentRunId: run.runId, parentNodeId: "sub" });
    expect((await server.nodes(run.runId))[0]).toMatchObject({
      nodeId: "sub",
      output: { doubled: 8 },
      attempt: 1,
      childRunId,
    });
    expect(ledgerOf(root)).toEqual(["first 4"]);
  },
);

const asks = `<Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />${plain}`;

test.each(isolations)(
  "with isolation %s, what a subflow waits for is what its parent waits for, also after a restart",
  async (isolation) => {
    const root = project(one, asks);
    const first = await serve(root, { isolation });
    const runId = await first.start("parent.tsx", { root });
    await first.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-approval");
    await first.close();
    const server = await serve(root, { isolation });
    const [{ runId: childRunId }] = await childrenOf(server, runId);
    const { status, runState } = await server.run(runId);
    expect({ status, state: runState.state }).toEqual({ status: "waiting-approval", state: "waiting-approval" });
    expect(runState.blocked).toMatchObject({
      kind: "approval",
      nodeId: "sub",
      childRunId,
      childNodeId: "ask",
      unblock: expect.stringContaining(`POST /v1/runs/${childRunId}/nodes/ask/approve`),
    });
    expect(await server.approvals.list()).toMatchObject([{ runId: childRunId, nodeId: "ask" }]);
    const why = await smithersJson(root, "why", runId);
    expect(why.reasons).toMatchObject([
      {
        kind: "approval",
        nodeId: "sub",
        commands: [expect.stringContaining(`approve ${childRunId}`), expect.anything()],
      },
    ]);
    await server.approvals.approve(childRunId, "ask");
    expect(await server.end(runId)).toMatchObject({ status: "finished", output: 9 });
    expect(await childrenOf(server, runId)).toHaveLength(1);
  },
);

test("a subflow waits for signals and timers of its own", async () => {
  const { root, server } = serving(
    bothFiles(one, `<Signal id="go" schema={z.any()} /><Timer id="pause" duration="20ms" />${plain}`),
  );
  const runId = await server.start("parent.tsx", { root });
  await server.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-event");
  const [{ runId: childRunId }] = await childrenOf(server, runId);
  expect((await server.run(runId)).runState.blocked).toMatchObject({ kind: "event", event: "go", childRunId });
  await server.signals.send(childRunId, "go", { data: 1 });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: 9 });
});

/** Fails until there is a file `mended`. */
const fragile = `
  <Task id="first" output={outputs.step}>{() => { note(root, "first"); return { n }; }}</Task>
  <Task id="double" output={outputs.output} noRetry>{() => {
    note(root, "double");
    if (!existsSync(join(root, "mended"))) throw new Error("the bridge is closed");
    return { doubled: 2 * n };
  }}</Task>`;

test("a failing subflow fails its node with its error, and continues from there when the parent is resumed", async () => {
  const { root, server } = serving(bothFiles(one, fragile));
  const failed = await server.complete("parent.tsx", { root });
  const [{ runId: childRunId }] = await childrenOf(server, failed.runId);
  expect(failed).toMatchObject({
    status: "failed",
    error: { code: "TASK_FAILED", nodeId: "sub", details: { childRunId, childNodeId: "double" } },
  });
  expect(failed.error!.message).toContain("the bridge is closed");
  writeFileSync(join(root, "mended"), "");
  await server.runs.resume(failed.runId);
  await server.until(failed.runId, (event) => event.type === "RunFinished");
  expect(await server.run(failed.runId)).toMatchObject({ status: "finished", output: 9 });
  expect(ledgerOf(root)).toEqual(["first", "double", "double"]);
  expect(await childrenOf(server, failed.runId)).toHaveLength(1);
});

test("retries let a subflow go on from where it has failed, and continueOnFail tolerates it", async () => {
  const { root, server } = serving(
    bothFiles(
      `<Subflow id="sub" workflow={child} input={{ n: 4, root }} output={outputs.result} retries={2}
       retryPolicy={{ initialDelayMs: 1 }} continueOnFail />
     <Task id="end" output={outputs.end}>{() => "went on"}</Task>`,
      fragile,
    ),
  );
  const run = await server.complete("parent.tsx", { root });
  expect(run).toMatchObject({ status: "finished", output: "went on", failedChildren: 1 });
  expect((await server.nodes(run.runId))[0]).toMatchObject({ state: "failed", attempt: 3 });
  expect(ledgerOf(root)).toEqual(["first", "double", "double", "double"]);
  expect(await childrenOf(server, run.runId)).toHaveLength(1);
});

/** Notes when it begins and when it is aborted. */
const endless = `<Task id="first" output={outputs.output}>{({ signal }) => {
    note(root, "begins");
    return new Promise((_, reject) => signal.addEventListener("abort", () => { note(root, "aborted"); reject(signal.reason); }));
  }}</Task>`;

test.each(isolations)(
  "with isolation %s, the parent's cancellation reaches a subflow that runs and one that waits",
  async (isolation) => {
    const { root, server } = servings[isolation]({
      "parent.tsx": parent(`<Parallel>
      <Subflow id="a" workflow={child} input={{ n: 1, root }} output={outputs.result} />
      <Subflow id="b" workflow={child} input={{ n: 2, root }} output={outputs.result} />
    </Parallel>`),
      "child.tsx": child(
        `{n === 1 ? ${endless} : <Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />}`,
      ),
    });
    const runId = await server.start("parent.tsx", { root });
    await eventually(async () =>
      (await childrenOf(server, runId)).some(({ status }: any) => status === "waiting-approval"),
    );
    await eventually(() => ledgerOf(root).includes("begins"));
    await server.runs.cancel(runId);
    expect(await server.end(runId)).toMatchObject({ status: "cancelled" });
    for (const child of await childrenOf(server, runId)) {
      expect(await server.end(child.runId)).toMatchObject({ status: "cancelled" });
      expect(await server.approvalsOf(child.runId)).toEqual([]);
    }
    await eventually(() => ledgerOf(root).includes("aborted"));
  },
);

test("a subflow that takes too long is cancelled, and its node has failed", async () => {
  const { root, server } = serving(
    bothFiles(
      `<Subflow id="sub" workflow={child} input={{ n: 4, root }} output={outputs.result} timeoutMs={50} />`,
      `<Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />`,
    ),
  );
  const run = await server.complete("parent.tsx", { root });
  expect(run).toMatchObject({ status: "failed", error: { code: "TASK_TIMEOUT", nodeId: "sub" } });
  const [{ runId: childRunId }] = await childrenOf(server, run.runId);
  expect(await server.end(childRunId)).toMatchObject({ status: "cancelled" });
});

test("a subflow that a person cancels fails its node", async () => {
  const { root, server } = serving(bothFiles(one, asks));
  const runId = await server.start("parent.tsx", { root });
  await server.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-approval");
  const [{ runId: childRunId }] = await childrenOf(server, runId);
  await server.runs.cancel(childRunId);
  expect(await server.end(runId)).toMatchObject({ status: "failed", error: { code: "TASK_CANCELLED", nodeId: "sub" } });
});

test("input that does not fit the subflow's schema, and a result that does not fit the output, fail the node", async () => {
  const { root, server } = serving({
    "parent.tsx": parent(`<Parallel>
      <Subflow id="a" workflow={child} input={{ n: "four", root }} output={outputs.result} continueOnFail />
      <Subflow id="b" workflow={child} input={{ n: 4, root }} output={outputs.other} continueOnFail />
      <Subflow id="c" workflow={child} input={{ n: 4, root }} output={outputs.all} />
      <Subflow id="d" workflow={child} input={{ n: 4, root }} output={outputs.result} skipIf />
    </Parallel>`).replace(
      "end: z.any(),",
      "other: z.object({ tripled: z.number() }), all: z.array(z.object({ doubled: z.number() })),",
    ),
    "child.tsx": child(`${plain}<Task id="more" output={outputs.output}>{{ doubled: 1 }}</Task>`),
  });
  const run = await server.complete("parent.tsx", { root });
  expect(run).toMatchObject({ status: "finished" });
  expect(
    (await server.nodes(run.runId)).map(({ nodeId, state, error, output }) => [nodeId, state, error?.code ?? output]),
  ).toEqual([
    ["a", "failed", "INVALID_INPUT"],
    ["b", "failed", "INVALID_OUTPUT"],
    ["c", "finished", [{ doubled: 8 }, { doubled: 1 }]],
    ["d", "skipped", null],
  ]);
});

test("a queue runs one subflow after the other, and waits for one that waits", async () => {
  const { root, server } = serving({
    "parent.tsx": parent(`<MergeQueue>
      <Subflow id="a" workflow={child} input={{ n: 1, root }} output={outputs.result} />
      <Subflow id="b" workflow={child} input={{ n: 2, root }} output={outputs.result} />
    </MergeQueue>`),
    "child.tsx": child(asks),
  });
  const runId = await server.start("parent.tsx", { root });
  for (const n of [1, 2]) {
    const waiting = await eventually(async () => {
      const children = await childrenOf(server, runId);
      return children.length === n && children.at(-1).status === "waiting-approval" && children.at(-1);
    });
    await server.approvals.approve(waiting.runId, "ask");
  }
  expect(await server.end(runId)).toMatchObject({ status: "finished" });
  expect(ledgerOf(root)).toEqual(["first 1", "first 2"]);
});

test("a subflow has subflows, in loops, and continues as a new run", async () => {
  const root = folder({
    "parent.tsx": parent(`<Loop id="l" until={ctx.iterationCount(outputs.result, "sub") >= 2}>
      <Subflow id="sub" workflow={child} input={{ n: ctx.iteration, root }} output={outputs.result} />
    </Loop>`),
    "child.tsx": child(`
      {ctx.input.__smithersContinuation === undefined && <ContinueAsNew state={{ seen: n }} />}
      <Subflow id="deep" workflow={deep} input={{ n: 10 * n }} output={outputs.output} />`)
      .replace('import { z } from "zod";', 'import { z } from "zod";\nimport { deep } from "./deep.tsx";')
      .replace("Workflow, Task,", "Workflow, Task, Subflow,"),
    "deep.tsx": `${head}
const { smithers, outputs, Workflow, Signal } = createSmithers({ input: z.object({ n: z.number() }), doubled: z.object({ doubled: z.number() }) });
export const deep = smithers((ctx) => (
  <Workflow name="deep"><Signal id="go" schema={outputs.doubled} /></Workflow>
));
export default deep;
`,
  });
  const first = await serve(root, { isolation: "none" });
  const runId = await first.start("parent.tsx", { root });
  await first.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-event");
  await first.close();
  // Found through two parents, one of which continued as another run.
  const server = await serve(root, { isolation: "none" });
  for (const doubled of [5, 6]) {
    const deepest = await eventually(async () => {
      const { blocked } = (await server.run(runId)).runState;
      return (
        blocked?.childNodeId === "go" &&
        (await server.run(blocked.childRunId!)).status === "waiting-event" &&
        blocked.childRunId
      );
    });
    await server.signals.send(deepest, "go", { data: { doubled } });
    await eventually(async () => (await server.run(deepest)).status === "finished");
  }
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { doubled: 6 } });
  expect((await childrenOf(server, runId)).map(({ status }: any) => status)).toEqual([
    "continued",
    "finished",
    "continued",
    "finished",
  ]);
});

test("a failure next to a waiting subflow cancels it, and TryCatchFinally catches a subflow's error", async () => {
  const { root, server } = serving({
    "parent.tsx": parent(`<TryCatchFinally
      try={<Parallel>
        <Subflow id="a" workflow={child} input={{ n: 1, root }} output={outputs.result} />
        <Subflow id="b" workflow={child} input={{ n: 2, root }} output={outputs.result} />
      </Parallel>}
      catch={(error) => <Task id="caught" output={outputs.end}>{error.message}</Task>}
    />`),
    "child.tsx": child(`{n === 1
      ? <Task id="boom" output={outputs.step} noRetry>{async () => {
          while (!existsSync(join(root, "go"))) await new Promise((resolve) => setTimeout(resolve, 5));
          throw new Error("the bridge is closed");
        }}</Task>
      : <Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />}`),
  });
  const runId = await server.start("parent.tsx", { root });
  const waiting = await eventually(async () =>
    (await childrenOf(server, runId)).find(({ status }: any) => status === "waiting-approval"),
  );
  writeFileSync(join(root, "go"), "");
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "finished" });
  expect(run.output).toContain("the bridge is closed");
  expect(await server.end(waiting.runId)).toMatchObject({ status: "cancelled" });
});

test("runWorkflow runs subflows in this process, and continues them when it resumes", async () => {
  const { smithers, outputs } = createSmithers({
    output: z.object({ n: z.number() }),
    decision: approvalDecisionSchema,
  });
  const inner = smithers((ctx) => (
    <Workflow name="inner">
      <Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />
      <Task id="n" output={outputs.output}>
        {{ n: ctx.input.n + 1 }}
      </Task>
    </Workflow>
  ));
  const outer = smithers(() => (
    <Workflow name="outer">
      <Subflow id="sub" workflow={inner} input={{ n: 1 }} output={outputs.output} />
    </Workflow>
  ));
  const first = await run(outer);
  expect(first).toMatchObject({ status: "waiting-approval" });
  const { db, runId } = first;
  await inStore(db, async (store) => {
    const [child] = await store.childrenOf(runId);
    await store.decide({ runId: child!.runId, nodeId: "ask", status: "granted" }, Date.now());
  });
  expect(await run(outer, { db, runId, resume: true })).toMatchObject({ status: "finished", output: { n: 2 } });
});

test("the example of a holiday books a trip in each city, in a run of its own", async () => {
  const files = ["holiday.tsx", "trip.tsx"].map((name) => [
    name,
    readFileSync(new URL(`../../examples/${name}`, import.meta.url), "utf8"),
  ]);
  const { server } = serving(Object.fromEntries(files));
  const run = await server.complete("holiday.tsx", { cities: ["Rome", "Oslo"] });
  expect(run.status).toBe("finished");
  expect([...(run.output as { lines: string[] }).lines].sort()).toEqual(["Oslo: Booked.", "Rome: Booked."]);
  expect(await childrenOf(server, run.runId)).toHaveLength(2);
});

test("a value that is not a workflow is refused, and the error names the subflow's name", async () => {
  const { smithers, outputs } = createSmithers({ n: z.number() });
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Subflow id="sub" workflow={(() => null) as never} output={outputs.n} />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW", details: { nodeId: "sub" } } });
});

const inline = (more = "") =>
  `<Subflow id="sub" mode="inline" workflow={child} input={{ n: 4, root }} output={outputs.result} ${more} />
  <Task id="end" output={outputs.end} deps={{ sub: outputs.result }} depsOptional>{({ sub }) => sub ? sub.doubled + 1 : "went on"}</Task>`;

/** Uses everything that names nodes: dependencies, loops, signals and ctx. */
const busy = `
  <Task id="first" output={outputs.step}>{() => { note(root, "first " + n); return { n }; }}</Task>
  <Signal id="go" schema={z.object({ by: z.coerce.date() })}>
    {({ by }) => <Task id="year" output={outputs.step}>{{ n: by.getUTCFullYear() }}</Task>}
  </Signal>
  <Loop id="l" until={ctx.iterationCount(outputs.step, "again") >= 2}>
    <Task id="again" output={outputs.step} deps={{ first: outputs.step }}>{({ first }) => ({ n: first.n + ctx.iteration })}</Task>
  </Loop>
  <Task id="double" output={outputs.output} dependsOn={["again"]}>{() => ({
    doubled: ctx.output(outputs.step, { nodeId: "year" }).n + ctx.outputs.step.length + ctx.latest("step", "again").n,
  })}</Task>`;

test("an inline subflow is part of the run, with its own input and names, also after a restart", async () => {
  const root = project(
    `<Task id="first" output={outputs.end}>{() => "mine"}</Task>${inline('dependsOn={["first"]}')}`,
    busy,
  );
  const first = await serve(root, { isolation: "none" });
  const runId = await first.start("parent.tsx", { root });
  await first.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-event");
  expect((await first.run(runId)).runState.blocked).toMatchObject({ kind: "event", nodeId: "sub.go", event: "go" });
  await first.close();
  const server = await serve(root);
  await server.signals.send(runId, "go", { data: { by: "2027-01-01" } });
  // The year, four rows of "step", and the last of the loop.
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: 2027 + 4 + 5 + 1 });
  expect((await server.nodes(runId)).map(({ nodeId, iteration, state }) => [nodeId, iteration, state])).toEqual([
    ["first", 0, "finished"],
    ["sub.first", 0, "finished"],
    ["sub.go", 0, "finished"],
    ["sub.year", 0, "finished"],
    ["sub.again", 0, "finished"],
    ["sub.again", 1, "finished"],
    ["sub.double", 0, "finished"],
    ["sub", 0, "finished"],
    ["end", 0, "finished"],
  ]);
  expect(await server.allRuns()).toHaveLength(1);
});

test("one workflow is inline several times, in loops and in itself, each with its own rows", async () => {
  const { root, server } = serving({
    "parent.tsx": parent(`<Loop id="l" until={ctx.iterationCount(outputs.result, "a") >= 2}>
      <Parallel>
        <Subflow id="a" mode="inline" workflow={child} input={{ n: ctx.iteration, root }} output={outputs.result} />
        <Subflow id="b" mode="inline" workflow={child} input={{ n: 10, root }} output={outputs.result} />
      </Parallel>
    </Loop>
    <Task id="end" output={outputs.end}>{[ctx.outputs.result.map(({ nodeId, iteration, doubled }) => [nodeId, iteration, doubled])]}</Task>`),
    "child.tsx": child(`
      {n === 10 && <Subflow id="deep" mode="inline" workflow={deep} input={{ n: 1 }} output={outputs.step} />}
      <Task id="double" output={outputs.output}>{{ doubled: 2 * n + ctx.outputs.step.length }}</Task>`)
      .replace('import { z } from "zod";', 'import { z } from "zod";\nimport deep from "./deep.tsx";')
      .replace("Workflow, Task,", "Workflow, Task, Subflow,"),
    "deep.tsx": `${head}
const { smithers, outputs, Workflow, Task } = createSmithers({ n: z.object({ n: z.number() }) });
export default smithers((ctx) => (
  <Workflow name="deep"><Task id="n" output={outputs.n}>{{ n: ctx.input.n }}</Task></Workflow>
));
`,
  });
  const run = await server.complete("parent.tsx", { root });
  expect(run).toMatchObject({ status: "finished" });
  expect((run.output as unknown[][])[0]).toEqual([
    ["a", 0, 0],
    ["b", 0, 21],
    ["a", 1, 2],
    ["b", 1, 22],
  ]);
});

test("what fails in an inline subflow fails the run, or is tolerated, or is caught and compensated by its own names", async () => {
  const failing = `<TryCatchFinally
      try={<Task id="boom" output={outputs.step} noRetry>{() => { throw new Error("the bridge is closed"); }}</Task>}
      finally={<Task id="clean" output={outputs.step}>{() => { note(root, "clean"); return { n }; }}</Task>}
    />`;
  const withTry = child(failing).replace("Workflow, Task,", "Workflow, Task, TryCatchFinally,");
  const { server } = serving({
    "fails.tsx": parent(inline()),
    "tolerates.tsx": parent(inline("continueOnFail")),
    "catches.tsx": parent(
      `<TryCatchFinally try={<>${inline()}</>} catch={(error) => <Task id="caught" output={outputs.end}>{error.message}</Task>} />`,
    ),
    "child.tsx": withTry,
  });
  const input = () => ({ root: folder({}) });
  const failed = input();
  expect(await server.complete("fails.tsx", failed)).toMatchObject({ status: "failed", error: { nodeId: "sub.boom" } });
  expect(ledgerOf(failed.root)).toEqual(["clean"]);
  expect(await server.complete("tolerates.tsx", input())).toMatchObject({ status: "finished", output: "went on" });
  expect(await server.complete("catches.tsx", input())).toMatchObject({
    status: "finished",
    output: "the bridge is closed",
  });
});

test("an inline subflow refuses input that does not fit, and limits that only a run can have; skipIf leaves it out", async () => {
  const { server } = serving({
    "input.tsx": parent(inline().replace("n: 4", 'n: "four"')),
    "limits.tsx": parent(inline("timeoutMs={5}")),
    "skips.tsx": parent(inline("skipIf").replace("n: 4", 'n: "four"')),
    "child.tsx": child(plain),
  });
  const root = folder({});
  expect(await server.complete("input.tsx", { root })).toMatchObject({
    status: "failed",
    error: { code: "INVALID_INPUT" },
  });
  const limited = await server.complete("limits.tsx", { root });
  expect(limited.error!.message).toContain('timeoutMs has no effect with mode="inline"');
  expect(await server.complete("skips.tsx", { root })).toMatchObject({ status: "finished", output: "went on" });
});

/** One point each: a commit that was not made leaves what the one before it has left. */
const kills = [
  ["SQLite", "after-commit"] as const,
  ...(canRun("postgres") ? [["Postgres", "before-commit"] as const] : []),
];

test.each(kills)(
  "on %s, a server killed %s of one commit after the other starts no second child",
  async (kind, point) => {
    const root = project(one, plain);
    const db = kind === "Postgres" ? { db: await postgresDatabase() } : {};
    const env = { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, staleAfterMs: 300, isolation: "none", ...db }) };
    const quiet = await ServerProcess.start(root, env);
    await quiet.start("parent.tsx", { root }, { runId: "parent" });
    await quiet.kill();
    for (const nth of [2, 3, 4]) {
      const fault = faultEnv({ point, nth, signal: "SIGKILL" });
      const server = await ServerProcess.start(root, { ...env, ...fault }).catch(() => undefined);
      await Promise.race([server?.gone, server?.end("parent").catch(() => server.gone)]);
      await server?.kill();
    }
    const server = await ServerProcess.start(root, env);
    expect(await server.end("parent")).toMatchObject({ status: "finished", output: 9 });
    expect(await childrenOf(server, "parent")).toMatchObject([{ status: "finished" }]);
  },
  60_000,
);

test("a server killed in the middle of a subflow's task continues the same run", async () => {
  const root = project(
    one,
    `<Task id="held" output={outputs.step}>{async () => {
      note(root, "begins");
      while (!existsSync(join(root, "go"))) await new Promise((resolve) => setTimeout(resolve, 5));
      return { n };
    }}</Task>${plain}`,
  );
  const env = { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, staleAfterMs: 400 }) };
  const first = await ServerProcess.start(root, env);
  const runId = await first.start("parent.tsx", { root });
  await eventually(() => ledgerOf(root).includes("begins"));
  await first.kill();
  writeFileSync(join(root, "go"), "");
  const second = await ServerProcess.start(root, env);
  expect(await second.end(runId)).toMatchObject({ status: "finished", output: 9 });
  expect(ledgerOf(root)).toEqual(["begins", "begins", "first 4"]);
  expect(await childrenOf(second, runId)).toHaveLength(1);
});

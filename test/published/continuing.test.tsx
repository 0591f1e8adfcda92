/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ContinueAsNew,
  continueAsNew,
  createSmithers,
  Loop,
  Parallel,
  Sequence,
  type SmithersEvent,
  Task,
  Workflow,
} from "smithers-orchestrator";
import { createClient } from "smithers-orchestrator/client";
import { z } from "zod";
import { canRun } from "../../scripts/programs.ts";
import { faultEnv } from "../support/fault.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { postgresDatabase } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { inStore, newDatabase, run } from "../support/run.ts";
import { serve } from "../support/server.ts";

const { smithers: command, smithersJson } = hostedCommands({ executes: true });

/** Counts to `ctx.input.upTo`, one in each run. Each count is noted in a file, by the run's id. */
const counter = `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync } from "node:fs";
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task, ContinueAsNew } = createSmithers({
  input: z.strictObject({ upTo: z.number(), ledger: z.string() }),
  count: z.object({ count: z.number() }),
});
export default smithers((ctx) => {
  const { upTo, ledger } = ctx.input;
  const before = (ctx.input as any).__smithersContinuation?.payload?.count ?? 0;
  return (
    <Workflow name="counter">
      <Task id="count" output={outputs.count}>{() => {
        appendFileSync(ledger, (before + 1) + "\\n");
        return { count: before + 1 };
      }}</Task>
      {before + 1 < upTo && <ContinueAsNew state={{ count: ctx.outputMaybe(outputs.count, { nodeId: "count" })?.count }} />}
      <Task id="end" output={outputs.count}>{{ count: before + 1 }}</Task>
    </Workflow>
  );
});
`;

const counts = (root: string) => readFileSync(join(root, "ledger"), "utf8").trim().split("\n").map(Number);

/** The runs of a chain, the first one first. */
async function chainOf(server: { run(runId: string): Promise<any> }, first: string) {
  const chain = [await server.run(first)];
  while (chain.at(-1)!.continuedAs !== undefined) chain.push(await server.run(chain.at(-1)!.continuedAs));
  return chain;
}

describe.each(["none", "process"] as const)("with isolation %s", (isolation) => {
  test("a run continues as others, with the state and its input, and each says where it comes from and goes to", async () => {
    const root = folder({ "counter.tsx": counter });
    const server = await serve(root, { isolation });
    const runId = await server.start("counter.tsx", { upTo: 3, ledger: join(root, "ledger") });
    const client = createClient({ url: server.url });
    const last = await client.runs.wait(runId);
    expect(last).toMatchObject({ status: "finished", output: { count: 3 } });
    const chain = await chainOf(server, runId);
    expect(chain.map(({ status }) => status)).toEqual(["continued", "continued", "finished"]);
    expect(chain.at(-1).runId).toBe(last.runId);
    expect(chain.map(({ continuedFrom }) => continuedFrom)).toEqual([undefined, chain[0].runId, chain[1].runId]);
    expect(chain.map(({ parentRunId }) => parentRunId)).toEqual([undefined, chain[0].runId, chain[1].runId]);
    expect(counts(root)).toEqual([1, 2, 3]);
    const types = (await Array.fromAsync(server.events(runId))).map(({ event }) => event);
    expect(types.at(-1)).toMatchObject({ type: "RunContinuedAsNew", newRunId: chain[1].runId });
    expect((await Array.fromAsync(server.events(chain[1].runId)))[0]!.event).toMatchObject({
      type: "RunStarted",
      workflowName: "counter",
    });
    expect((await Array.fromAsync(server.events(chain[1].runId))).map(({ event }) => event.type)).not.toContain(
      "RunAutoResumed",
    );
    expect((await server.nodes(runId)).map(({ nodeId, state }) => [nodeId, state])).toEqual([
      ["count", "finished"],
      ["end", "cancelled"],
    ]);
    const late = await server.post(`/v1/runs/${runId}/cancel`);
    expect(late).toMatchObject({
      status: 409,
      body: { error: { code: "RUN_NOT_ACTIVE", details: { continuedAs: chain[1].runId } } },
    });
  });
});

const { smithers, outputs } = createSmithers({
  tick: z.object({ count: z.number(), before: z.number() }),
  n: z.number(),
});

test("runWorkflow follows a loop that continues as new runs, which have all outputs and only attempts of their own", async () => {
  const workflow = smithers((ctx) => {
    const ticks = ctx.outputs("tick");
    return (
      <Workflow name="loop">
        <Task id="first" output={outputs.n}>
          {() => 7}
        </Task>
        <Loop id="daemon" until={ticks.length >= 12} maxIterations={200} continueAsNewEvery={5}>
          <Task id="tick" output={outputs.tick}>
            {() => ({ count: ticks.length + 1, before: ctx.iteration })}
          </Task>
        </Loop>
        <Task id="last" output={outputs.n}>
          {() => ctx.outputMaybe(outputs.n, { nodeId: "first" })! + ticks.length}
        </Task>
      </Workflow>
    );
  });
  const first = newDatabase();
  const ran = await run(workflow, { db: first });
  expect(ran).toMatchObject({ status: "finished", output: 19 });
  const chain = await inStore(first, async (store) => {
    const { runs } = await store.listRuns({ limit: 10 });
    return Promise.all(
      [...runs].reverse().map(async ({ run: { runId, status } }) => ({
        status,
        outputs: (await store.loadRun(runId))!.outputs.filter(({ nodeId }) => nodeId === "tick").length,
        began: (await store.eventsAfter(runId, 0, 1_000)).filter(({ type }) => type === "NodeStarted").length,
      })),
    );
  });
  expect(chain).toEqual([
    { status: "continued", outputs: 5, began: 6 },
    { status: "continued", outputs: 10, began: 5 },
    { status: "finished", outputs: 12, began: 3 },
  ]);
  expect(ran.outputs["tick#11"]).toEqual({ count: 12, before: 11 });
});

test("attempts that run end before the run continues, and a signal that no wait has taken goes along", async () => {
  const root = folder({
    "flow.tsx": `/** @jsxImportSource smithers-orchestrator */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task, Parallel, Sequence, Signal, continueAsNew } = createSmithers({ n: z.number() });
const go = z.number();
export default smithers((ctx) => {
  const isSecond = ctx.input.__smithersContinuation !== undefined;
  return (
    <Workflow name="test">
      {!isSecond && <Signal id="begin" schema={go} />}
      {!isSecond && <Parallel>
        {continueAsNew()}
        <Sequence><Task id="slow" output={outputs.n}>{async () => 1}</Task><Task id="never" output={outputs.n}>{2}</Task></Sequence>
      </Parallel>}
      {isSecond && <Signal id="kept" schema={go} />}
    </Workflow>
  );
});
`,
  });
  const server = await serve(root, { isolation: "none" });
  const runId = await server.start("flow.tsx");
  await server.signals.send(runId, "kept", { data: 5 });
  await server.signals.send(runId, "begin", { data: 1 });
  const last = await createClient({ url: server.url }).runs.wait(runId);
  expect(last).toMatchObject({ status: "finished", output: 5, continuedFrom: runId });
  const states = Object.fromEntries((await server.nodes(runId)).map(({ nodeId, state }) => [nodeId, state]));
  expect(states).toMatchObject({ begin: "finished", never: "cancelled" });
  expect(["finished", "cancelled"]).toContain(states.slow!);
});

test("a state that JSON cannot keep fails the run, and the message says where", async () => {
  const ran = await run(smithers(() => <Workflow name="test">{continueAsNew({ at: [new Map()] })}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain("state.at.0");
});

test("a workflow that only continues itself is stopped", async () => {
  const ran = await run(smithers(() => <Workflow name="test">{continueAsNew()}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code: "RENDER_LOOP" } });
});

test("in a body that fails before the run has continued, it does not continue", async () => {
  const { TryCatchFinally } = createSmithers({});
  const reached = Promise.withResolvers<void>();
  const workflow = smithers(() => (
    <Workflow name="test">
      <TryCatchFinally
        try={
          <Parallel>
            <Task id="a" output={outputs.n} noRetry>
              {async () => {
                await reached.promise;
                throw new Error("down");
              }}
            </Task>
            <Sequence>
              <Task id="b" output={outputs.n}>
                {() => 2}
              </Task>
              <ContinueAsNew />
            </Sequence>
          </Parallel>
        }
        catch={
          <Task id="caught" output={outputs.n}>
            {3}
          </Task>
        }
      />
    </Workflow>
  ));
  const onProgress = (event: SmithersEvent) => {
    if (event.type === "NodeFinished" && event.nodeId === "b") reached.resolve();
  };
  expect(await run(workflow, { onProgress })).toMatchObject({ status: "finished", output: 3 });
});

test("the command follows the runs of a chain, and says where each one continues", async () => {
  const root = folder({ "counter.tsx": counter });
  const input = JSON.stringify({ upTo: 3, ledger: join(root, "ledger") });
  const up = await command(root, "up", "counter.tsx", "--run-id", "first", "--input", input, "--json");
  expect(up.code).toBe(0);
  const { runId, ...result } = JSON.parse(up.out);
  expect(result).toEqual({ status: "finished", output: { count: 3 } });
  const { continuedAs } = await smithersJson(root, "inspect", "first");
  const inspected = (await command(root, "inspect", continuedAs)).out;
  expect(inspected).toMatch(new RegExp(`State +continued\n.*Continues +first\nContinued as +${runId}\n`, "s"));
  const why = await smithersJson(root, "why", "first");
  expect(why.reasons).toEqual([
    expect.objectContaining({ kind: "continued", what: `The run has continued as ${continuedAs}.` }),
  ]);
  const followed = (
    await command(root, "events", "first", "--follow", "--type", "RunStarted,RunFinished,RunContinuedAsNew")
  ).out;
  expect(
    followed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map((event) => [event.type, event.runId]),
  ).toEqual([
    ["RunStarted", "first"],
    ["RunContinuedAsNew", "first"],
    ["RunStarted", continuedAs],
    ["RunContinuedAsNew", continuedAs],
    ["RunStarted", runId],
    ["RunFinished", runId],
  ]);
  expect((await command(root, "ps")).out).toMatch(/first .*continued/);
  const resumed = await command(root, "up", "counter.tsx", "--resume", "first");
  expect(resumed.err).toContain(`has continued as "${continuedAs}"`);
});

test("the example of an inbox reads each page in a run of its own", async () => {
  const example = readFileSync(new URL("../../examples/inbox.tsx", import.meta.url), "utf8");
  const server = await serve(folder({ "inbox.tsx": example }), { isolation: "none" });
  const runId = await server.start("inbox.tsx", { letters: 25 });
  const last = await createClient({ url: server.url }).runs.wait(runId);
  expect(last).toMatchObject({ status: "finished", output: { pages: 3, read: 25 } });
});

/** Each count once, and one run after the other, whatever ends the server. */
async function expectChain(server: ServerProcess, runId: string, root: string) {
  const client = createClient({ url: server.url });
  expect(await client.runs.wait(runId)).toMatchObject({ status: "finished", output: { count: 4 } });
  const chain = await chainOf(server, runId);
  expect(chain.map(({ status }) => status)).toEqual(["continued", "continued", "continued", "finished"]);
  // No other run was started.
  expect(await server.allRuns()).toHaveLength(4);
  expect([...new Set(counts(root))]).toEqual([1, 2, 3, 4]);
}

/** One point each: a commit that was not made leaves what the one before it has left. */
const kills = [
  ["SQLite", "after-commit"] as const,
  ...(canRun("postgres") ? [["Postgres", "before-commit"] as const] : []),
];

test.each(kills)(
  "on %s, a server killed %s of one commit after the other leaves one chain of runs",
  async (kind, point) => {
    const root = folder({ "counter.tsx": counter });
    const db = kind === "Postgres" ? { db: await postgresDatabase() } : {};
    const env = { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, staleAfterMs: 300, isolation: "none", ...db }) };
    const quiet = await ServerProcess.start(root, env);
    const runId = await quiet.start("counter.tsx", { upTo: 4, ledger: join(root, "ledger") }, { runId: "first" });
    await quiet.kill();
    for (const nth of [2, 3, 5]) {
      const server = await ServerProcess.start(root, { ...env, ...faultEnv({ point, nth, signal: "SIGKILL" }) }).catch(
        () => undefined,
      );
      const client = server && createClient({ url: server.url });
      const left = new AbortController();
      await Promise.race([server?.gone, client?.runs.wait(runId, { signal: left.signal }).catch(() => server!.gone)]);
      left.abort();
      await server?.kill();
    }
    await expectChain(await ServerProcess.start(root, env), runId, root);
  },
  60_000,
);

import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canRun } from "../../scripts/programs.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { postgresDatabase } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { serveWithoutWorkers } from "../support/server.ts";
import { sharedServer } from "../support/shared-server.ts";

/** A workflow with a step that notes that it ran, and one that fails. */
const flow = (tree: string) => `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { NonRetryableError, approvalDecisionSchema, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task, Parallel, MergeQueue, Loop, Approval, Saga, TryCatchFinally } = createSmithers({
  result: z.object({ value: z.any() }),
  decision: approvalDecisionSchema,
});
const note = (root, text) => appendFileSync(join(root, "ledger"), text + "\\n");
const step = (root, id) => (
  <Task id={id} output={outputs.result}>{() => { note(root, id); return { value: id }; }}</Task>
);
const fails = (root, id) => (
  <Task id={id} output={outputs.result} noRetry>{() => { note(root, id); throw new Error(id + " is down"); }}</Task>
);
const held = (root, id) => (
  <Task id={id} output={outputs.result}>{async () => {
    note(root, id + " begins");
    while (!existsSync(join(root, "go"))) await new Promise((resolve) => setTimeout(resolve, 5));
    note(root, id);
    return { value: id };
  }}</Task>
);
export default smithers((ctx) => {
  const { root } = ctx.input;
  return <Workflow name="test">${tree}</Workflow>;
});
`;

const ledgerOf = (root: string) => {
  const path = join(root, "ledger");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
};

const serving = sharedServer();

async function complete(tree: string) {
  const { root, server } = serving({ "flow.tsx": flow(tree) });
  const run = await server.complete("flow.tsx", { root });
  return { run, server, ledger: ledgerOf(root) };
}

test("catch gets the error and finally follows, then the run continues", async () => {
  const { run, ledger } = await complete(`
    <TryCatchFinally
      try={<>{step(root, "a")}{fails(root, "b")}{step(root, "never")}</>}
      catch={(error) => <Task id="caught" output={outputs.result}>{{ value: [error instanceof Error, error.message] }}</Task>}
      finally={step(root, "clean")}
    />
    {step(root, "after")}
    <Task id="end" output={outputs.result} dependsOn={["never", "b"]}>{{ value: ctx.outputMaybe(outputs.result, { nodeId: "caught" })?.value }}</Task>`);
  expect(ledger).toEqual(["a", "b", "clean", "after"]);
  expect(run).toMatchObject({ status: "finished", output: { value: [true, "b is down"] } });
});

test("finally follows success too, and catch is not mounted then", async () => {
  const { run, ledger } = await complete(`
    <TryCatchFinally try={step(root, "a")} catch={step(root, "caught")} finally={step(root, "clean")} />`);
  expect(ledger).toEqual(["a", "clean"]);
  expect(run.status).toBe("finished");
});

test.each([
  ["without catch", ""],
  ["with a catch for other codes", 'catchErrors={["OTHER"]} catch={step(root, "caught")}'],
])("%s, finally follows and then the run fails with the error", async (_name, given) => {
  const { run, ledger } = await complete(`
    <TryCatchFinally try={fails(root, "a")} ${given} finally={step(root, "clean")} />{step(root, "never")}`);
  expect(ledger).toEqual(["a", "clean"]);
  expect(run).toMatchObject({ status: "failed", error: { message: "a is down", nodeId: "a" } });
});

test("an inner catch spares the outer one, and a catch that fails reaches it", async () => {
  const { run, ledger } = await complete(`
    <TryCatchFinally
      try={<>
        <TryCatchFinally try={fails(root, "a")} catch={step(root, "inner")} />
        <TryCatchFinally try={fails(root, "b")} catch={fails(root, "c")} finally={step(root, "clean")} />
        {step(root, "never")}
      </>}
      catch={(error) => <Task id="outer" output={outputs.result}>{{ value: error.message }}</Task>}
    />`);
  expect(ledger).toEqual(["a", "inner", "b", "c", "clean"]);
  expect(run).toMatchObject({ status: "finished", output: { value: "c is down" } });
});

test("a wait next to the failed node is withdrawn, and a failed iteration does not fail the next one", async () => {
  const { run, ledger, server } = await complete(`
    <Loop id="l" until={ctx.iterationCount(outputs.result, "caught") >= 2}>
      <TryCatchFinally
        try={<Parallel>
          <Approval id="ask" output={outputs.decision} request={{ title: "Go?" }} />
          {fails(root, "a")}
        </Parallel>}
        catch={step(root, "caught")}
      />
    </Loop>`);
  expect(ledger).toEqual(["a", "caught", "a", "caught"]);
  expect(run.status).toBe("finished");
  expect(await server.approvalsOf(run.runId)).toEqual([]);
});

const saga = (last: string, onFailure: string) => `
  <Saga
    onFailure="${onFailure}"
    steps={[
      { id: "one", action: step(root, "a"), compensation: step(root, "undo a") },
      { id: "two", action: <Task id="skipped" output={outputs.result} skipIf>{{ value: 1 }}</Task>, compensation: step(root, "undo skipped") },
      { id: "three", action: step(root, "b"), compensation: step(root, "undo b") },
      { id: "four", action: <>{step(root, "c")}{${last}(root, "d")}</>, compensation: step(root, "undo d") },
      { id: "five", action: step(root, "e"), compensation: step(root, "undo e") },
    ]}
  />
  {step(root, "after")}`;

const undone = ["a", "b", "c", "d", "undo b", "undo a"];

test.each([
  ["compensate", "finished", [...undone, "after"]],
  ["compensate-and-fail", "failed", undone],
  ["fail", "failed", ["a", "b", "c", "d"]],
])("a Saga with onFailure %s", async (onFailure, status, expected) => {
  const { run, ledger } = await complete(saga("fails", onFailure));
  expect(ledger).toEqual(expected);
  expect(run.status).toBe(status as "failed");
  if (status === "failed") expect(run.error).toMatchObject({ message: "d is down", nodeId: "d" });
});

test("a Saga takes its steps as children too, and id is accepted where the published package takes it", async () => {
  const { ledger, run } = await complete(`
    <Saga id="trip">
      <Saga.Step id="room" compensation={step(root, "cancel room")}>{step(root, "book room")}</Saga.Step>
      <Saga.Step id="car" compensation={step(root, "cancel car")}>{fails(root, "book car")}</Saga.Step>
    </Saga>
    <TryCatchFinally id="safe" try={fails(root, "try")} catch={(error) => (
      <Task id="told" output={outputs.result}>{{ value: error.code + ": " + error.summary }}</Task>
    )} />
    <Parallel id="both">{step(root, "a")}</Parallel>
    <MergeQueue id="queue">{step(root, "b")}</MergeQueue>
    <Task id="end" output={outputs.result}>{{ value: ctx.outputMaybe(outputs.result, { nodeId: "told" })?.value }}</Task>`);
  expect(ledger).toEqual(["book room", "book car", "cancel room", "try", "a", "b"]);
  expect(run).toMatchObject({ status: "finished", output: { value: "TASK_FAILED: try is down" } });
});

test("a child of a Saga that is no step is refused", async () => {
  const { run } = await complete(`<Saga>{step(root, "a")}</Saga>`);
  expect(run.error).toMatchObject({ code: "INVALID_WORKFLOW", message: expect.stringContaining("<Saga.Step>") });
});

test("a Saga without a failure compensates nothing", async () => {
  const { run, ledger } = await complete(saga("step", "compensate"));
  expect(ledger).toEqual(["a", "b", "c", "d", "e", "after"]);
  expect(run.status).toBe("finished");
});

test("a compensation in whose middle the server is killed is run again, and no other twice", async () => {
  const root = folder({
    "flow.tsx": flow(`
      <Saga steps={[
        { id: "one", action: step(root, "a"), compensation: step(root, "undo a") },
        { id: "two", action: step(root, "b"), compensation: held(root, "undo b") },
        { id: "three", action: step(root, "c"), compensation: step(root, "undo c") },
        { id: "four", action: fails(root, "d") },
      ]} />
      {step(root, "after")}`),
  });
  const env = { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, staleAfterMs: 400, isolation: "none" }) };
  const first = await ServerProcess.start(root, env);
  const runId = await first.start("flow.tsx", { root });
  await eventually(() => ledgerOf(root).includes("undo b begins"));
  await first.kill();
  writeFileSync(join(root, "go"), "");
  const second = await ServerProcess.start(root, env);
  expect(await second.end(runId)).toMatchObject({ status: "finished" });
  expect(ledgerOf(root)).toEqual([
    "a",
    "b",
    "c",
    "d",
    "undo c",
    "undo b begins",
    "undo b begins",
    "undo b",
    "undo a",
    "after",
  ]);
});

/** Fails until a file is there. */
const until = (id: string) =>
  `<Task id="${id}" output={outputs.result} noRetry>{() => {
    note(root, "${id}");
    if (!existsSync(join(root, "mended"))) throw new Error("${id} is down");
    return { value: "${id}" };
  }}</Task>`;

const databases = ["SQLite", ...(canRun("postgres") ? ["Postgres"] : [])];

test.each(databases)(
  "on %s, resuming continues the compensations of a Saga, and repeats neither them nor the action",
  async (kind) => {
    const root = folder({
      "flow.tsx": flow(`
      <Saga onFailure="compensate-and-fail" steps={[
        { id: "one", action: step(root, "a"), compensation: step(root, "undo a") },
        { id: "two", action: step(root, "b"), compensation: ${until("undo b")} },
        { id: "three", action: step(root, "c"), compensation: step(root, "undo c") },
        { id: "four", action: ${until("d")} },
      ]} />
      {step(root, "never")}`),
    });
    const server = await serveWithoutWorkers(root, {
      ...(kind === "Postgres" && { db: await postgresDatabase(), withoutDb: true }),
    });
    const failed = await server.complete("flow.tsx", { root });
    expect(failed).toMatchObject({ status: "failed", error: { message: "undo b is down", nodeId: "undo b" } });
    const undone = ["a", "b", "c", "d", "undo c", "undo b"];
    expect(ledgerOf(root)).toEqual(undone);
    writeFileSync(join(root, "mended"), "");
    const resume = async () => {
      const { lastSeq } = await lastOf(server, failed.runId);
      await server.runs.resume(failed.runId);
      await server.until(failed.runId, ({ type }) => type === "RunFailed", lastSeq);
      return server.run(failed.runId);
    };
    const again = await resume();
    expect(again).toMatchObject({ status: "failed", error: { message: "d is down", nodeId: "d" } });
    expect(ledgerOf(root)).toEqual([...undone, "undo b", "undo a"]);
    // Nothing is left to do.
    expect(await resume()).toMatchObject({ status: "failed", error: { message: "d is down" } });
    expect(ledgerOf(root)).toEqual([...undone, "undo b", "undo a"]);
  },
);

/** The number of a run's last event so far. */
async function lastOf(server: Client, runId: string) {
  let lastSeq = 0;
  for await (const { id } of server.events(runId)) lastSeq = id;
  return { lastSeq };
}

test("what was caught stays caught when a run is resumed that has failed later", async () => {
  const { root, server } = serving({
    "flow.tsx": flow(`
      <TryCatchFinally try={${until("a")}} catch={step(root, "caught")} finally={step(root, "clean")} />
      ${until("b")}`),
  });
  const failed = await server.complete("flow.tsx", { root });
  expect(failed).toMatchObject({ status: "failed", error: { nodeId: "b" } });
  writeFileSync(join(root, "mended"), "");
  await server.runs.resume(failed.runId);
  await server.until(failed.runId, ({ type }) => type === "RunFinished");
  expect(ledgerOf(root)).toEqual(["a", "caught", "clean", "b", "b"]);
});

test("a Saga without anything to undo tries its failed action again when it is resumed", async () => {
  const { root, server } = serving({
    "flow.tsx": flow(`<Saga onFailure="compensate-and-fail" steps={[
      { id: "one", action: ${until("a")}, compensation: step(root, "undo a") },
    ]} />`),
  });
  const failed = await server.complete("flow.tsx", { root });
  expect(failed.status).toBe("failed");
  writeFileSync(join(root, "mended"), "");
  await server.runs.resume(failed.runId);
  await server.until(failed.runId, ({ type }) => type === "RunFinished");
  expect(ledgerOf(root)).toEqual(["a", "a"]);
});

test("the example of a trip cancels the bookings before the one that is refused", async () => {
  const example = readFileSync(new URL("../../examples/trip.tsx", import.meta.url), "utf8");
  const { server } = serving({ "trip.tsx": example });
  const run = await server.complete("trip.tsx", { city: "Rome", full: "guide" });
  expect(run).toMatchObject({ status: "finished", output: { summary: "Cancelled car-1, room-1." } });
  const booked = await server.complete("trip.tsx", { city: "Rome" });
  expect(booked).toMatchObject({ status: "finished", output: { summary: "Booked." } });
});

import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { databaseOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";
const ask = workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, { schemas });
const three = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
  <WaitForEvent id="paid" event="paid" output={outputs.result} />
  <Timer id="rest" until={Number(ctx.input.at)} />
  <Task id="last" output={outputs.result}>{{ value: "done" }}</Task>`,
  { schemas },
);
const busy = workflowFile(
  `<Parallel>
    <Task id="busy" output={outputs.result}>{async () => ({ value: await bash("echo $$ > pid; sleep 60") })}</Task>
    <Timer id="nap" duration="1h" />
  </Parallel>`,
);

const decide = (root: string, runId: string) =>
  inStore(databaseOf(root), (store) =>
    store.decide({ runId, nodeId: "ok", status: "granted", decidedBy: "elsewhere" }, Date.now()),
  );

const isParked = (root: string, runId: string) =>
  inStore(databaseOf(root), async (store) => (await store.findRun(runId))!.owner === null);

async function parked(server: ServerProcess, root: string, file: string, input = {}): Promise<string> {
  const runId = await server.start(file, input);
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  await eventually(() => isParked(root, runId));
  return runId;
}

const shared = forAllTests(async () => {
  const root = folder({ "ask.tsx": ask, "three.tsx": three });
  return { root, server: await ServerProcess.start(root, withoutWorkers) };
});

test("a decision that another process writes into the database continues the run", async () => {
  const { root, server } = shared();
  const runId = await parked(server, root, "ask.tsx");
  await decide(root, runId);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { decidedBy: "elsewhere" } });
});

test("a decision through another server of the same database continues the run for readers of both", async () => {
  const { root, server: first } = shared();
  const runId = await parked(first, root, "ask.tsx");
  const second = await serve(root);
  const reading = first.end(runId);
  await second.approvals.approve(runId, "ok");
  expect((await reading).status).toBe("finished");
  expect((await second.end(runId)).status).toBe("finished");
});

test("decisions, signals and timers that arrive while no server runs continue the run at the next start", async () => {
  const { root, server: first } = shared();
  const runId = await parked(first, root, "three.tsx", { at: Date.now() + 300 });
  await first.kill();
  await decide(root, runId);
  await inStore(databaseOf(root), (store) =>
    store.receiveSignal({ runId, name: "paid", data: { value: 1 } }, Date.now()),
  );
  const second = await ServerProcess.start(root, withoutWorkers);
  expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: "done" } });
  expect((await second.nodes(runId)).map(({ nodeId }) => nodeId)).toEqual(["ok", "paid", "rest", "last"]);
});

/** The process of the run's command, once it has begun. */
async function pidOf(root: string): Promise<number> {
  return Number(await eventually(() => readFileSync(join(root, "pid"), "utf8").trim()));
}

const ended = { status: "cancelled", runState: { state: "cancelled" }, summary: { cancelled: 2 } };

testWithBash(
  "a cancellation through another server ends a run that its owner executes, and one whose owner was killed",
  async () => {
    const root = folder({ "busy.tsx": busy });
    const owner = await ServerProcess.start(root);
    const executed = await owner.start("busy.tsx");
    await pidOf(root);
    const other = await serve(root);
    await other.runs.cancel(executed);
    expect(await other.end(executed)).toMatchObject(ended);

    rmSync(join(root, "pid"));
    const left = await owner.start("busy.tsx");
    const pid = await pidOf(root);
    await owner.kill();
    await other.runs.cancel(left);
    expect(await other.end(left)).toMatchObject(ended);
    const types: string[] = [];
    for await (const { event } of other.events(left)) types.push(event.type);
    expect(types).toContain("TimerCancelled");
    expect(types.filter((type) => type === "NodeCancelled")).toHaveLength(2);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended with its server, as it should.
    }
  },
);

test("a parked run can be cancelled when its workflow file is gone", async () => {
  const root = folder({ "ask.tsx": ask });
  const server = await serve(root);
  const runId = await server.start("ask.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  rmSync(join(root, "ask.tsx"));
  await server.runs.cancel(runId);
  expect(await server.end(runId)).toMatchObject({ status: "cancelled", summary: { cancelled: 1 } });
});

test("a decision is kept while the workflow file is broken, and counts once it is repaired", async () => {
  const root = folder({ "ask.tsx": ask });
  const server = await serve(root);
  const runId = await server.start("ask.tsx");
  await server.until(runId, ({ type, ...event }) => type === "RunStatusChanged" && "status" in event);
  write(root, { "ask.tsx": "export default <" });
  await server.approvals.approve(runId, "ok");
  await server.signals.send(runId, "any");
  const { state, unhealthy } = await eventually(async () => {
    const { runState } = await server.run(runId);
    return runState.unhealthy && runState;
  });
  expect(state).toBe("waiting-approval");
  expect(unhealthy).toMatchObject({ kind: "not-continued", reason: expect.stringContaining("ask.tsx:1") });
  write(root, { "ask.tsx": ask });
  await server.runs.resume(runId);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { approved: true } });
});

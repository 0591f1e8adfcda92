import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { begun, fanOut, ledger, mostAtOnce, oneTask } from "../support/attempt-ledger.ts";
import { forAllTests } from "../support/cleanup.ts";
import { smithers } from "../support/cli.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { serve } from "../support/server.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

const asks = workflowFile(
  `<Parallel>
    <Task id="late" output={outputs.result} needsApproval>{() => ({ value: 1 })}</Task>
    <Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
  </Parallel>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
const parent = workflowFile(`<Subflow id="child" workflow={child} input={{}} output={outputs.result} />`, {
  head: `import child from "./one.tsx";
import { Subflow } from "smithers-orchestrator";`,
});
const failsOnce = workflowFile(
  `<Task id="a" output={outputs.result} noRetry>{() => {
    if (!existsSync(import.meta.dirname + "/mended")) throw new Error("not yet");
    return { value: 1 };
  }}</Task>`,
);
const files = {
  "one.tsx": oneTask,
  "many.tsx": fanOut,
  "asks.tsx": asks,
  "fails.tsx": failsOnce,
  "parent.tsx": parent,
};

const opening = (root: string) => (gate: string) => writeFileSync(join(root, gate), "");

async function serving(options: object) {
  const root = folder(files);
  return { root, server: await serve(root, options), open: opening(root) };
}

/** A server in a process of its own, to be killed. */
async function servingApart(options: object) {
  const root = folder(files);
  const server = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify(options) });
  return { root, server, open: opening(root) };
}

const metric = async (server: Client, name: string) =>
  Number(((await server.get("/metrics")).body as string).match(new RegExp(`^${name} (\\d+)$`, "m"))?.[1]);

const isolations = ["none", "process"] as const;

describe.each(isolations)("isolation: %s", (isolation) => {
  const withOnePlace = forAllTests(() => serving({ isolation, maxConcurrency: 1 }));

  test("at most maxConcurrency attempts of all runs are in flight, and who asks first is next", async () => {
    const { root, server, open } = await serving({ isolation, maxConcurrency: 2 });
    const held = await Promise.all(["one.tsx", "one.tsx"].map((file) => server.start(file, { gate: "go" })));
    await eventually(() => begun(root).length === 2);
    const waiting: string[] = [];
    const asking = [
      ["one.tsx", 1],
      ["many.tsx", 4],
      ["one.tsx", 5],
      ["one.tsx", 6],
    ] as const;
    for (const [file, queued] of asking) {
      waiting.push(await server.start(file, { gate: "next" }));
      // Before the next is started: a start is answered before it asks, and workers take different times for that.
      await eventually(async () => (await metric(server, "smithers_attempts_queued")) === queued);
    }
    expect(await metric(server, "smithers_attempts_running")).toBe(2);
    await eventually(async () => (await metric(server, "smithers_runs_queued")) === 4);
    const { runState, status } = (await server.get(`/v1/runs/${waiting[0]}`)).body;
    expect({ status, state: runState.state }).toEqual({ status: "running", state: "running" });
    expect(runState.queued.reason).toContain("wait for a free place on this server");
    expect(begun(root).length).toBe(2);
    open("go");
    const order = () => begun(root).map(({ runId, nodeId }) => `${waiting.indexOf(runId)} ${nodeId}`);
    await eventually(() => order().length === 4);
    // Let in at once, by two workers: either may be the faster one.
    expect(order().slice(2).sort()).toEqual(["0 t", "1 a"]);
    open("next");
    for (const runId of [...held, ...waiting]) expect((await server.end(runId)).status).toBe("finished");
    expect(mostAtOnce(root)).toBe(2);
    const first = order();
    // Two are let in at a time, so neighbours may change places: the last of these six, and what asks after it.
    expect(first.slice(2, 9).sort()).toEqual(["0 t", "1 a", "1 b", "1 c", "1 last", "2 t", "3 t"]);
    expect(first.indexOf("1 last")).toBeGreaterThanOrEqual(7);
    expect(first.indexOf("0 t")).toBeLessThan(first.indexOf("2 t"));
    expect(first.indexOf("1 a")).toBeLessThan(first.indexOf("3 t"));
    expect(await metric(server, "smithers_attempts_queued")).toBe(0);
    expect((await server.get(`/v1/runs/${waiting[0]}`)).body.runState.queued).toBeUndefined();
  });

  test("what needs no place does not wait for one, and a retried node waits instead of failing again", async () => {
    const { root, server, open } = withOnePlace();
    const failed = await server.start("fails.tsx");
    expect((await server.end(failed)).status).toBe("failed");
    const held = await server.start("one.tsx", { gate: "go" });
    await eventually(() => begun(root).some(({ runId }) => runId === held));
    const asking = await server.start("asks.tsx");
    await eventually(async () => (await server.approvalsOf(asking)).length === 2);
    for (const nodeId of ["late", "ok"]) await server.approvals.approve(asking, nodeId);
    open("mended");
    await server.runs.retry(failed, "a");
    await eventually(async () => (await metric(server, "smithers_attempts_queued")) === 2);
    expect((await server.get(`/v1/runs/${failed}`)).body.status).toBe("running");
    open("go");
    expect((await server.end(asking)).status).toBe("finished");
    expect((await server.end(failed)).status).toBe("finished");
  });

  test("a run that waits for its subflow takes no place from it", async () => {
    const { server } = withOnePlace();
    expect((await server.end(await server.start("parent.tsx"))).status).toBe("finished");
  });

  test("a cancelled run leaves the queue, and what it had is free", async () => {
    const { root, server, open } = withOnePlace();
    const held = await server.start("one.tsx", { gate: "never" });
    await eventually(() => begun(root).some(({ runId }) => runId === held));
    const [left, next] = [await server.start("many.tsx", {}), await server.start("one.tsx", { gate: "next" })];
    await eventually(async () => (await metric(server, "smithers_attempts_queued")) === 4);
    for (const runId of [left, held]) await server.runs.cancel(runId);
    await eventually(() => begun(root).some(({ runId }) => runId === next));
    open("next");
    expect((await server.end(next)).status).toBe("finished");
    expect(begun(root).some(({ runId }) => runId === left)).toBe(false);
  });

  test("a server that is killed leaves no place taken, and the next one continues all", async () => {
    const { root, server, open } = await servingApart({ isolation, maxConcurrency: 1, heartbeatMs: 100 });
    const held = await server.start("one.tsx", { gate: "go" });
    await eventually(() => begun(root).length === 1);
    const waiting = await Promise.all([1, 2, 3].map(() => server.start("many.tsx", {})));
    await server.kill();
    const options = { isolation, maxConcurrency: 1, heartbeatMs: 100, staleAfterMs: 500 };
    const next = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify(options) });
    // Which run gets the place first is a matter of which one is loaded first.
    await eventually(() => begun(root).some(({ runId, attempt }) => runId === held && attempt === 2));
    open("go");
    for (const runId of [held, ...waiting]) expect((await next.end(runId)).status).toBe("finished");
    const again = ledger(root).filter(({ attempt }) => attempt > 1);
    expect(new Set(again.map(({ runId }) => runId))).toEqual(new Set([held]));
  });
});

test("the places of a worker that is killed are free at once", async () => {
  const { root, server, open } = await servingApart({ maxConcurrency: 2, maxWorkers: 2 });
  const lost = await server.start("one.tsx", { gate: "go" });
  const halfway = await server.start("many.tsx", { gate: "go" });
  await eventually(() => begun(root).length === 2);
  const waiting = await server.start("one.tsx", { gate: "go" });
  for (const pid of workersOf(server.child.pid!)) process.kill(pid, "SIGKILL");
  // The queue has moved on: the runs begin again, as many as there are places.
  await eventually(() => begun(root).length >= 4);
  open("go");
  for (const runId of [lost, halfway, waiting]) expect((await server.end(runId)).status).toBe("finished");
  await eventually(async () => (await metric(server, "smithers_attempts_running")) === 0);
  expect(await metric(server, "smithers_attempts_queued")).toBe(0);
});

test("why and ps say what the run waits for", async () => {
  const { root, server, open } = await serving({ maxConcurrency: 1, isolation: "none" });
  await server.start("one.tsx", { gate: "go" });
  await eventually(() => begun(root).length === 1);
  const runId = await server.start("one.tsx", {});
  expect((await smithers(root, "why", runId)).out).toContain("wait for a free place on this server");
  expect((await smithers(root, "ps")).out.match(/waits for a free place/g)).toHaveLength(1);
  open("go");
  expect((await server.end(runId)).status).toBe("finished");
});

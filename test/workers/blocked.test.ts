import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterThisTest, forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { isRunning } from "../support/sandboxed.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

/** Tasks that note each attempt, with how each kind of code hurts the process that executes it. */
const head = `
const note = (task) => appendFileSync("ledger", [task.runId, task.nodeId, task.attempt].join(" ") + "\\n");
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
// Blocks as a loop without an end does, and leaves the processor to the other tests.
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const kinds = {
  loop: () => { for (;;) {} },
  block: () => block(),
  blockLater: async () => { await sleep(20); block(); },
  kill: () => process.kill(process.pid, "SIGKILL"),
  exit: () => process.exit(0),
  abort: () => process.abort(),
  thrown: () => { throw Object.defineProperty(new Error(), "message", { get: kinds.kill }); },
  validation: () => {},
  innocent: async (_, gate) => { while (!existsSync(gate)) await sleep(10); },
};`;
const tree = `
  {ctx.input.kind === "render" && ctx.outputs("result").length > 0 ? kinds.block() : null}
  <Task id="first" output={outputs.result}>{{ value: 0 }}</Task>
  <Task id="t" output={ctx.input.kind === "validation" ? outputs.endless : outputs.result} retries={0}>
    {async (task) => { note(task); await kinds[ctx.input.kind]?.(task, ctx.input.gate ?? "go"); return { value: task.attempt }; }}
  </Task>`;
const schemas = `result: z.object({ value: z.any() }), endless: z.object({ value: z.any() }).refine(() => block())`;
const file = workflowFile(tree, { head, schemas });
const slow = workflowFile(
  `<Parallel>
     <Task id="next" output={outputs.result}>
       {async () => { await slowEnds; for (let n = 0; n < 200; n += 1) await null; block(700); return { value: 2 }; }}
     </Task>
     <Task id="slow" output={outputs.result} timeoutMs={60_000}>
       {() => { block(2_500); endSlow(); return { value: 1 }; }}
     </Task>
   </Parallel>`,
  { head: `${head}\nconst { promise: slowEnds, resolve: endSlow } = Promise.withResolvers();` },
);
const pair = workflowFile(
  `<Parallel>
     <Task id="innocent" output={outputs.result}>
       {async (task) => { note(task); await kinds.innocent(task, ctx.input.gate); return { value: 1 }; }}
     </Task>
     <Task id="guilty" output={outputs.result}>
       {async (task) => { note(task); await sleep(30); kinds.kill(); await sleep(60_000); }}
     </Task>
   </Parallel>`,
  { head },
);
const babbling = workflowFile(
  `<Task id="t" output={outputs.result}>{() => {
      const junk = ["", "x", "[1,{\\"runId\\":{}},null]", "\\ufffd".repeat(9000)];
      for (const text of junk) for (const at of [0, 4, 4096, 4100]) writeSync(4, text, at);
      return { value: typeof process.send };
    }}</Task>
    <Task id="block" output={outputs.result}>{() => block()}</Task>`,
  { head: `import { writeSync } from "node:fs";${head}` },
);
const files = {
  "guilty.tsx": file,
  "other.tsx": file,
  "third.tsx": file,
  "hang.tsx": `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);\n${file}`,
  "slow.tsx": slow,
  "babbling.tsx": babbling,
  "pair.tsx": pair,
};

async function serving(options: object = {}) {
  const root = folder(files);
  const given = { workerTimeoutMs: 1_000, maxCrashes: 1, maxWorkers: 2, heartbeatMs: 500, ...options };
  const env = { SERVE_OPTIONS: JSON.stringify(given), SMITHERS_LOG_LEVEL: "warn" };
  const server = await ServerProcess.start(root, env, { captureLog: true });
  const attempts = (runId: string) => {
    const path = join(root, "ledger");
    const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
    return lines.filter((line) => line.startsWith(`${runId} `)).length;
  };
  return { server, attempts, go: (gate = "go") => writeFileSync(join(root, gate), "") };
}

const served = forAllTests(() => serving());
let tests = 0;

/**
 * The server of most tests, which fails what is charged once, and what no other test has used: names of two runs, and
 * what lets an innocent one end.
 */
function shared() {
  const { server, attempts, go } = served();
  tests += 1;
  const gate = `go-${tests}`;
  return {
    server,
    attempts,
    guilty: `guilty-${tests}`,
    innocent: `innocent-${tests}`,
    waits: { kind: "innocent", gate },
    go: () => go(gate),
  };
}

test.each([
  ["loop", "WORKER_LOST"],
  ["blockLater", "WORKER_LOST"],
  ["kill", "WORKER_LOST"],
  ["thrown", "WORKER_LOST"],
  ["validation", "WORKER_LOST"],
])("a task that hurts its worker by %s is charged, and a run of another file notices nothing", async (kind, code) => {
  const { server, attempts, go, guilty, innocent, waits } = shared();
  await server.start("other.tsx", waits, { runId: innocent });
  await eventually(() => attempts(innocent) === 1);
  await server.start("guilty.tsx", { kind }, { runId: guilty });
  const { status, error } = await server.end(guilty);
  expect({ status, code: error?.code, nodeId: error?.nodeId }).toEqual({ status: "failed", code, nodeId: "t" });
  expect(error?.message).toMatch(
    new RegExp(
      `^The worker (was blocked for \\d+(\\.\\d)? s|process ended by SIGKILL) in node "t" of run ${guilty}\\.`,
    ),
  );
  expect(attempts(guilty)).toBe(1);
  go();
  expect((await server.end(innocent)).status).toBe("finished");
  expect(attempts(innocent)).toBe(1);
});

test.each(["exit", "abort"])("process.%s is an error of the attempt that calls it", async (kind) => {
  const { server, attempts, go, guilty, innocent, waits } = shared();
  await server.start("guilty.tsx", waits, { runId: innocent });
  await eventually(() => attempts(innocent) === 1);
  const { error } = await server.complete("guilty.tsx", { kind }, { runId: guilty });
  expect(error).toMatchObject({ nodeId: "t", message: expect.stringContaining(`process.${kind}(`) });
  go();
  expect((await server.end(innocent)).status).toBe("finished");
  expect([attempts(innocent), attempts(guilty)]).toEqual([1, 1]);
});

test("a render without an end fails its run, and names it", async () => {
  const { server, go, attempts, guilty, innocent, waits } = shared();
  await server.start("other.tsx", waits, { runId: innocent });
  await eventually(() => attempts(innocent) === 1);
  await server.start("guilty.tsx", { kind: "render" }, { runId: guilty });
  await eventually(() => server.log.includes(`in the rendering of run ${guilty}`));
  const { status, error } = await server.end(guilty);
  expect([status, error?.code]).toEqual(["failed", "WORKER_LOST"]);
  expect(error?.message).toContain(`in the rendering of run ${guilty}`);
  go();
  expect((await server.end(innocent)).status).toBe("finished");
  expect(attempts(innocent)).toBe(1);
});

test("runs of the same file continue in another worker, and are not charged", async () => {
  const { server, go, attempts, guilty, innocent, waits } = shared();
  await server.start("guilty.tsx", waits, { runId: innocent });
  await eventually(() => attempts(innocent) === 1);
  await server.start("guilty.tsx", { kind: "block" }, { runId: guilty });
  expect((await server.end(guilty)).status).toBe("failed");
  await eventually(() => attempts(innocent) === 2);
  go();
  // The first loss that is charged would fail it.
  expect((await server.end(innocent)).status).toBe("finished");
});

test("a file whose top-level code never ends is refused and delays no other run", async () => {
  const { server, go, waits } = shared();
  go();
  const refused = server.post("/v1/runs", { workflowPath: "hang.tsx", input: waits });
  expect((await server.complete("other.tsx", waits)).status).toBe("finished");
  const { status, body } = await refused;
  expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
  expect(body.error.message).toContain("hang.tsx");
});

test("a task that may take longer than a worker may be silent is not disturbed, nor what its worker does next", async () => {
  const { server } = shared();
  await server.start("slow.tsx", {}, { runId: "slow" });
  expect((await server.end("slow")).status).toBe("finished");
  expect(await server.nodes("slow")).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
});

test("what the code writes to where its worker speaks to the server does the server no harm", async () => {
  const { server, go, waits } = shared();
  go();
  const { error } = await server.complete("babbling.tsx", {}, { runId: "babbling" });
  expect(error).toMatchObject({ code: "WORKER_LOST", nodeId: "block" });
  expect(await server.nodes("babbling")).toMatchObject([{ output: { value: "undefined" } }, { state: "failed" }]);
  expect((await server.complete("other.tsx", waits)).status).toBe("finished");
});

describe("where workers may be blocked for longer than the tests take", () => {
  const patient = forAllTests(() => serving({ workerTimeoutMs: 600_000, maxCrashes: 2, shutdownGraceMs: 100 }));

  test("of two nodes of a run that are lost together, the one that ends its worker is charged", async () => {
    const { server, attempts, go } = patient();
    await server.start("pair.tsx", { gate: "pair" }, { runId: "pair" });
    // Both once, and then one alone.
    await eventually(() => attempts("pair") === 3);
    go("pair");
    expect((await server.end("pair")).error).toMatchObject({ code: "WORKER_LOST", nodeId: "guilty" });
    const { body: nodes } = await server.get("/v1/runs/pair/nodes");
    expect(nodes.map(({ nodeId, state, attempt }: any) => [nodeId, state, attempt])).toEqual([
      ["innocent", "finished", 2],
      ["guilty", "failed", 3],
    ]);
  });

  test("while two files block their workers the server answers, starts runs of these and others, says who blocks it, and can be ended", async () => {
    const { server, go, attempts } = patient();
    go();
    await server.start("guilty.tsx", { kind: "block" }, { runId: "one" });
    await server.start("other.tsx", { kind: "block" }, { runId: "two" });
    await eventually(() => attempts("one") + attempts("two") === 2);
    for (const path of ["third.tsx", "guilty.tsx", "other.tsx"]) {
      expect((await server.complete(path, { kind: "innocent" })).status).toBe("finished");
    }
    await eventually(() => server.log.includes('in node \\"t\\" of run one'));
    await eventually(async () => (await server.run("one")).runState.unhealthy !== undefined);
    const { unhealthy } = (await server.run("one")).runState;
    expect(unhealthy).toMatchObject({ kind: "blocking", nodeId: "t", reason: expect.stringContaining('"t"') });
    // A server that is asked to end leaves no worker, also when one is blocked.
    const workers = workersOf(server.child.pid!);
    expect(workers.length).toBeGreaterThanOrEqual(3);
    await server.stop("SIGTERM");
    await eventually(() => workers.every((pid) => !isRunning(pid)));
  });
});

test("a server that was stopped for a while does not take its workers for blocked, and none outlives it when it is killed", async () => {
  const { server, go, attempts } = await serving();
  await server.start("other.tsx", { kind: "innocent" }, { runId: "innocent" });
  await eventually(() => attempts("innocent") === 1);
  const before = workersOf(server.child.pid!);
  for (let times = 0; times < 2; times++) {
    server.child.kill("SIGSTOP");
    await sleep(1_500);
    server.child.kill("SIGCONT");
    await server.get("/health");
  }
  go();
  expect((await server.end("innocent")).status).toBe("finished");
  const workers = workersOf(server.child.pid!);
  expect([attempts("innocent"), workers]).toEqual([1, expect.arrayContaining(before)]);
  // Not even a blocked one.
  await server.start("other.tsx", { kind: "block" }, { runId: "blocks" });
  await eventually(() => attempts("blocks") === 1);
  afterThisTest(() => {
    for (const pid of workers.filter(isRunning)) process.kill(pid, "SIGKILL");
  });
  await server.kill();
  await eventually(() => workers.every((pid) => !isRunning(pid)));
});

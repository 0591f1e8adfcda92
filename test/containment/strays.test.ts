import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

const head = `
import { EventEmitter } from "node:events";
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const fails = async (ms: number) => { await sleep(ms); throw new Error("stray"); };
const kinds: Record<string, (task: any) => unknown> = {
  float: async () => { void Promise.reject(new Error("stray")); await sleep(2_000); },
  asyncFloat: async () => { void fails(20); await sleep(2_000); },
  awaits: async () => { const a = sleep(2_000); const b = fails(20); await a; await b; },
  timer: async () => { setTimeout(() => { throw new Error("stray"); }, 20); await sleep(2_000); },
  interval: async () => { setInterval(() => { throw new Error("stray"); }, 20); await sleep(2_000); },
  rejectedTimer: async () => { setTimeout(() => { void Promise.reject(new Error("stray")); }, 20); await sleep(2_000); },
  microtask: async () => { queueMicrotask(() => { throw new Error("stray"); }); await sleep(2_000); },
  nextTick: async () => { process.nextTick(() => { throw new Error("stray"); }); await sleep(2_000); },
  emitter: async () => { const e = new EventEmitter(); setTimeout(() => e.emit("error", new Error("stray")), 20); await sleep(2_000); },
  unlistened: async () => { process.removeAllListeners(); setTimeout(() => { throw new Error("stray"); }, 20); await sleep(2_000); },
  text: async () => { setTimeout(() => { throw "stray"; }, 20); await sleep(2_000); },
  exitLater: async () => { setTimeout(() => process.exit(0), 20); await sleep(2_000); },
  exit: () => process.exit(0),
  abortProcess: () => process.abort(),
  fetch: async () => { void fetch("http://127.0.0.1:1/"); await sleep(2_000); },
  tool: async () => { void bash("exit 3"); await sleep(2_000); },
  late: () => { setTimeout(() => { throw new Error("stray"); }, 200); },
  lateRejection: () => { void fails(200); },
  listener: async (task) => { task.signal.addEventListener("abort", () => { throw new Error("stray"); }); await sleep(2_000); },
  values: () => { for (const value of [undefined, 12n, Symbol("stray"), Object.create(null), { toString() { throw 1; } }]) setTimeout(() => { void Promise.reject(value); }, 50); },
  none: async () => { await sleep(600); },
};
const Effect = () => { if (false) return null; void Promise.reject(new Error("stray")); return null; };
`;
const tree = `
  {ctx.input.kind === "render" ? void Promise.reject(new Error("stray")) : null}
  {ctx.input.kind === "component" ? <Effect /> : null}
  <Task id="t" output={outputs.result} retries={0} timeoutMs={ctx.input.kind === "listener" ? 150 : undefined}>
    {async (task) => { appendFileSync("ledger", ctx.input.kind + "\\n"); await kinds[ctx.input.kind]?.(task); return { value: 1 }; }}
  </Task>`;
const late = `<Task id="a" output={outputs.result}>{() => { setTimeout(() => { throw new Error("stray"); }, 20); return { value: 1 }; }}</Task>
    <Task id="b" output={outputs.result}>{async () => { await new Promise((r) => setTimeout(r, 300)); return { value: 2 }; }}</Task>`;
const leaves = `<Task id="a" output={outputs.result}>{() => {
      setInterval(() => appendFileSync("ticks", "."), 10);
      const again = () => { appendFileSync("ticks", ","); setTimeout(again, 10); };
      again();
      setTimeout(() => appendFileSync("ticks", "never"), 3_000);
      return { value: 1 };
    }}</Task>
    <WaitForEvent id="w" event="go" output={outputs.result} />`;
const files = {
  "late.tsx": workflowFile(late),
  "leaves.tsx": workflowFile(leaves),
  "stray.tsx": workflowFile(tree, { head }),
  "other.tsx": workflowFile(tree, { head: head.replaceAll('"stray"', '"other"') }),
  "top.tsx": `void Promise.reject(new Error("stray"));\n${workflowFile(tree, { head })}`,
  "top-timer.tsx": `setTimeout(() => { throw new Error("stray"); }, 50);\n${workflowFile(tree, { head })}`,
  "checks.tsx": workflowFile(`<WaitForEvent id="w" event="go" output={outputs.checked} />`, {
    schemas:
      "input: z.any().refine((input) => input.is !== 0 || process.exit(0)), checked: z.any().refine((data) => data !== 0 || process.abort())",
  }),
  "top-exit.tsx": `process.exit(0);\n${workflowFile(tree, { head })}`,
};

async function serving(env: Record<string, string> = {}) {
  const root = folder(files);
  const server = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "warn", ...env }, { captureLog: true });
  return { root, server, ledger: () => readFileSync(join(root, "ledger"), "utf8") };
}

const served = forAllTests(() => serving());

/** Starts a run of this kind, named after it, while another run of its file and one of another file are under way. */
async function beside(kind: string, { file = "stray.tsx", among = served() } = {}) {
  const { server, ledger } = among;
  const name = `${kind}-${file}`;
  const innocents = await Promise.all([
    server.start("other.tsx", { kind: "none" }, { runId: `innocent-${name}` }),
    server.start(file.startsWith("top") ? "other.tsx" : file, { kind: "none" }, { runId: `same-file-${name}` }),
  ]);
  const runId = `guilty-${name}`;
  const logged = server.log.length;
  const guilty = await server.post("/v1/runs", { workflowPath: file, input: { kind }, runId });
  const expectInnocence = async () => {
    for (const runId of innocents) {
      await server.end(runId);
      expect([runId, (await server.run(runId)).status]).toEqual([runId, "finished"]);
      expect(await server.nodes(runId)).toMatchObject([{ attempt: 1 }]);
    }
    expect(server.child.exitCode).toBeNull();
    expect((await server.get("/health")).status).toBe(200);
  };
  return {
    server,
    guilty,
    runId,
    expectInnocence,
    ledger,
    /** What the log says of it. */
    log: () =>
      server.log
        .slice(logged)
        .split("\n")
        .filter((line) => line.includes(file.startsWith("top") ? file : runId)),
  };
}

/** Errors that surely belong to one attempt, although another run of the file is under way. */
const failing: [kind: string, message: string][] = [
  ["float", "stray"],
  ["timer", "stray"],
  ["interval", "stray"],
  ["rejectedTimer", "stray"],
  ["microtask", "stray"],
  ["nextTick", "stray"],
  ["emitter", "stray"],
  ["unlistened", "stray"],
  ["text", "stray"],
  ["exit", "process.exit(0) was called. A workflow cannot end the process that executes it."],
  ["exitLater", "process.exit(0) was called. A workflow cannot end the process that executes it."],
  ["abortProcess", "process.abort() was called. A workflow cannot end the process that executes it."],
  ["fetch", expect.stringContaining("ECONNREFUSED")],
  ["tool", expect.stringContaining("exited with 3")],
];

describe.each(failing)("an attempt with an error that nothing catches (%s)", (kind, message) => {
  test("fails with it, and no other run is touched", async () => {
    const { server, runId, expectInnocence, ledger, log } = await beside(kind);
    await server.end(runId);
    expect(await server.run(runId)).toMatchObject({ status: "failed", error: { message, nodeId: "t" } });
    expect(ledger().match(new RegExp(`^${kind}$`, "gm"))).toHaveLength(1);
    await expectInnocence();
    if (!kind.startsWith("exit") && !kind.startsWith("abort"))
      expect(log().join("\n")).toContain("Nothing caught an error of the workflow's code, and the attempt fails");
  });
});

/** Errors after the attempt. */
const told: [kind: string, file?: string][] = [
  ["late"],
  ["listener"],
  ["render"],
  ["component"],
  ["none", "top.tsx"],
  ["none", "top-timer.tsx"],
];

describe.each(told)("an error that nothing catches (%s %s)", (kind, file = "stray.tsx") => {
  test("is logged with its file or its run, and no other run is touched", async () => {
    const { expectInnocence, log } = await beside(kind, { file });
    const line = await eventually(() => log().find((one) => /othing caught/.test(one)));
    expect(JSON.parse(line).msg).toEndWith("Error: stray");
    await expectInnocence();
  });
});

test.each(["asyncFloat", "lateRejection"])(
  "an error of which the runtime does not say whose it is (%s) is told with its run, and no other run is touched",
  async (kind) => {
    // Among the runs that have failed on the server of all tests, it could be any one's.
    const { expectInnocence, log } = await beside(kind, { among: await serving() });
    const line = await eventually(() => log().find((one) => /othing caught/.test(one)));
    expect(JSON.parse(line).msg).toEndWith("Error: stray");
    await expectInnocence();
  },
);

test("a rejection that the attempt awaits too late fails it once", async () => {
  const { server, runId, expectInnocence } = await beside("awaits");
  await server.end(runId);
  expect(await server.run(runId)).toMatchObject({ status: "failed", error: { message: "stray", nodeId: "t" } });
  await expectInnocence();
});

test("a file that ends the process when it is imported is refused", async () => {
  const { guilty, expectInnocence } = await beside("none", { file: "top-exit.tsx" });
  expect([guilty.status, guilty.body.error]).toMatchObject([
    400,
    { code: "WORKFLOW_INVALID", message: expect.stringContaining("process.exit(0) was called") },
  ]);
  await expectInnocence();
});

test("what an attempt throws after its end is an output of its node while the run continues", async () => {
  const { server } = served();
  const runId = await server.start("late.tsx");
  const told = await server.until(runId, ({ type }) => type === "NodeOutput");
  expect(told.event).toMatchObject({
    nodeId: "a",
    attempt: 1,
    stream: "stderr",
    text: expect.stringContaining("Error: stray"),
  });
  await server.end(runId);
  expect(await server.run(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
});

test("timers that a task has left behind end with its run", async () => {
  const { root, server } = served();
  const ticks = () => readFileSync(join(root, "ticks"), "utf8");
  const runId = await server.start("leaves.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  await server.signals.send(runId, "go", { data: { value: 1 } });
  await server.end(runId);
  // A run of another file that takes longer than many ticks.
  await server.complete("other.tsx", { kind: "none" });
  const before = ticks();
  await server.complete("other.tsx", { kind: "none" });
  expect(ticks()).toBe(before);
});

describe.each(["process", "none"])("with isolation: %s", (isolation) => {
  const served = forAllTests(() => serving({ SERVE_OPTIONS: JSON.stringify({ isolation, maxWorkers: 1 }) }));

  // First: it is about the only run of a server.
  test("rejections with values that are no errors, after the end of the only run, end no process", async () => {
    const { server } = served();
    await server.end(await server.start("stray.tsx", { kind: "values" }, { runId: "guilty" }));
    const workers = workersOf(server.child.pid!);
    await eventually(() => server.log.includes("Nothing caught an error"));
    await server.end(await server.start("stray.tsx", { kind: "plain" }, { runId: "next" }));
    expect(workersOf(server.child.pid!)).toEqual(expect.arrayContaining(workers));
    expect(server.log).not.toContain("process ended");
  });

  test("a schema that ends the process refuses the value", async () => {
    const { server, ledger } = served();
    const exits = await server.post("/v1/runs", { workflowPath: "checks.tsx", input: { is: 0 } });
    expect([exits.status, exits.body.error.code]).toEqual([400, "INVALID_INPUT"]);
    expect(exits.body.error.message).toContain("process.exit(0) was called. A workflow cannot end the process");
    const innocent = await server.start("stray.tsx", { kind: "none" });
    await eventually(() => ledger().includes("none\n"));
    const runId = await server.start("checks.tsx");
    await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
    const aborts = await server.post(`/v1/runs/${runId}/signals/go`, { data: 0 });
    expect([aborts.status, aborts.body.error.details.issues[0].message]).toEqual([
      400,
      expect.stringContaining("process.abort() was called."),
    ]);
    expect((await server.post(`/v1/runs/${runId}/signals/go`, { data: 1 })).status).toBe(200);
    expect((await server.end(runId)).status).toBe("finished");
    expect((await server.end(innocent)).status).toBe("finished");
    expect(ledger().match(/^none$/gm)).toHaveLength(1);
  });
});

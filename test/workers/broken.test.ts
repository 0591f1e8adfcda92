import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

/** What breaks a process for all code in it, and the name that is told. */
const breaks: [code: string, name: string][] = [
  ["Array.prototype.filter = () => [];", "Array.prototype.filter"],
  ["Object.prototype.toJSON = () => 1;", "Object.prototype"],
  ["await sleep(20); Promise.prototype.then = () => {};", "Promise.prototype.then"],
  ["React.createElement = () => null;", "React.createElement"],
];

const head = `
import React from "react";
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const kept = [];
const kinds = {
  breaks: [${breaks.map(([code]) => `async () => { ${code} }`).join(", ")}],
  grow: async () => { for (;;) { kept.push(Buffer.alloc(32 * 2 ** 20, 1)); await sleep(50); } },
  leave: () => { kept.push(Buffer.alloc(220 * 2 ** 20, 1)); },
};`;
const guilty = workflowFile(
  `<Task id="t" output={outputs.result} retries={0}>
    {async () => { await [kinds[ctx.input.kind]].flat()[ctx.input.at ?? 0](); return { value: process.pid }; }}
  </Task>`,
  { head },
);
const innocent = workflowFile(
  `<Task id="t" output={outputs.result}>
    {async (task) => { appendFileSync("began", task.runId + "\\n"); await fileAt(ctx.input.gate); return { value: 1 }; }}
  </Task>`,
);
const patch = (code: string) =>
  workflowFile(`<Task id="t" output={outputs.result} retries={0}>{() => { ${code} return { value: 1 }; }}</Task>`);
const files = {
  "parse.tsx": patch(`JSON.parse = () => { throw new Error("changed"); };`),
  "clock.tsx": patch(`Date.now = () => { throw new Error("changed"); };`),
  "maps.tsx": `Array.prototype.map = () => { throw new Error("changed"); };\n${innocent}`,
  "guilty.tsx": guilty,
  "innocent.tsx": innocent,
  "top.tsx": `Map.prototype.get = () => 7;\n${innocent}`,
  "wraps.tsx": `const { stringify } = JSON;\nJSON.stringify = (...args) => stringify(...args);\n${guilty.replace("ctx.input.kind", '"leave"')}`,
};

const served = forAllTests(async () => {
  const root = folder(files);
  // Looks for runs that were left so often that one comes while the runs of a lost worker are being released.
  const options = { maxWorkers: 1, maxCrashes: 1, heartbeatMs: 10, workerMemoryMb: 384 };
  const env = { SERVE_OPTIONS: JSON.stringify(options), SMITHERS_LOG_LEVEL: "silent" };
  const server = await ServerProcess.start(root, env);
  const began = join(root, "began");
  return {
    server,
    attempts: (runId: string) =>
      existsSync(began)
        ? readFileSync(began, "utf8")
            .split("\n")
            .filter((line) => line === runId).length
        : 0,
    go: (gate: string) => writeFileSync(join(root, gate), ""),
  };
});

test.each(breaks.map(([code, name], at) => ({ code, name, at })))(
  "a task that breaks a built-in ($code) is charged, and a run that shares its worker finishes",
  async ({ name, at }) => {
    const { server, attempts, go } = served();
    const runId = `innocent-${at}`;
    await server.start("innocent.tsx", { gate: runId }, { runId });
    await eventually(() => attempts(runId) === 1);
    const { status, error } = await server.complete("guilty.tsx", { kind: "breaks", at });
    expect([status, error]).toMatchObject(["failed", { code: "WORKER_LOST", nodeId: "t", details: { broken: name } }]);
    expect(error?.message).toContain(`The worker was ended because its ${name} no longer worked in node "t" of run`);
    go(runId);
    expect((await server.end(runId)).status).toBe("finished");
  },
);

test("without workers, what a task breaks is put back, and a run of the same process finishes", async () => {
  const root = folder(files);
  const server = await ServerProcess.start(root, { ...withoutWorkers, SMITHERS_LOG_LEVEL: "silent" });
  await server.start("innocent.tsx", { gate: "go" }, { runId: "innocent" });
  await eventually(() => existsSync(join(root, "began")));
  const { error } = await server.complete("guilty.tsx", { kind: "breaks", at: 0 });
  expect(error).toMatchObject({ code: "TASK_FAILED", nodeId: "t" });
  expect(error?.message).toContain("Array.prototype.filter no longer worked after this code, and was put back.");
  writeFileSync(join(root, "go"), "");
  expect((await server.end("innocent")).status).toBe("finished");
  expect(readFileSync(join(root, "began"), "utf8")).toBe("innocent\n");
});

test("a file whose top-level code breaks a built-in is refused, and one that wraps a built-in is executed", async () => {
  const { server } = served();
  const { status, body } = await server.post("/v1/runs", { workflowPath: "top.tsx" });
  expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
  expect(body.error.message).toContain("its Map.prototype.get no longer worked in the file's top-level code");
  expect((await server.complete("wraps.tsx")).status).toBe("finished");
});

test.each(["parse.tsx", "clock.tsx", "maps.tsx"])(
  "a worker whose globals a workflow has changed gets no more work (%s)",
  async (name) => {
    const { server, go } = served();
    go(name);
    await server.post("/v1/runs", { workflowPath: name });
    expect(await server.complete("innocent.tsx", { gate: name })).toMatchObject({ status: "finished" });
  },
);

test("a task that uses too much memory is charged, and a run that shares its worker finishes", async () => {
  const { server, attempts, go } = served();
  await server.start("innocent.tsx", { gate: "memory" }, { runId: "innocent-memory" });
  await eventually(() => attempts("innocent-memory") === 1);
  const { error } = await server.complete("guilty.tsx", { kind: "grow" });
  expect(error).toMatchObject({ code: "WORKER_LOST", nodeId: "t", details: { limitMb: 384 } });
  expect(error?.message).toContain('The worker used more than 384 MB of memory in node "t" of run');
  go("memory");
  expect((await server.end("innocent-memory")).status).toBe("finished");
});

test("a worker without work in which finished code has left much memory is replaced", async () => {
  const { server } = served();
  const { status, output } = await server.complete("guilty.tsx", { kind: "leave" });
  expect(status).toBe("finished");
  const { value: pid } = output as { value: number };
  await eventually(() => !workersOf(server.child.pid!).includes(pid), { within: 20_000 });
});

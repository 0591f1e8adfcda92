import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { testedModule } from "../support/tested-code.ts";
import { workflowFile } from "../support/workflows.ts";

const project = join(import.meta.dirname, "..", "..");

const entries = ["", "/jsx-runtime", "/jsx-dev-runtime"];
const paths = Object.fromEntries(
  entries.map((entry) => [`smithers-orchestrator${entry}`, [testedModule(entry.slice(1) || "index")]]),
);

/** Runs a program that uses the package, with a workflow file beside it. */
function program(code: string, tree = `<Task id="t" output={outputs.result}>{() => new Promise(() => {})}</Task>`) {
  const root = folder({
    "tsconfig.json": JSON.stringify({ compilerOptions: { jsx: "react-jsx", paths } }),
    "flow.tsx": workflowFile(tree),
    "program.tsx": `/** @jsxImportSource smithers-orchestrator */
import { createSmithers, runWorkflow, startServer, Task, Workflow } from "smithers-orchestrator";
import { once } from "node:events";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ result: z.object({ ok: z.boolean() }) });
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const serving = async () => {
  const server = startServer({ port: 0, rootDir: process.cwd(), db: "./smithers.db", logLevel: "silent", isolation: "none", shutdownGraceMs: 100 });
  if (!server.listening) await once(server, "listening");
  const url = "http://127.0.0.1:" + (server.address() as any).port;
  await fetch(url + "/v1/runs", { method: "POST", body: JSON.stringify({ workflowPath: "flow.tsx" }) });
  return server;
};
${code}`,
  });
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [join(root, "program.tsx")], {
    cwd: root,
    encoding: "utf8",
    timeout: 100_000,
    env: { ...process.env, SMITHERS_API_KEY: undefined },
  });
  return { stdout, stderr, status, signal };
}

test.each([
  ["a rejection", `void Promise.reject(new Error("of the app"));`],
  ["an exception", `setTimeout(() => { throw new Error("of the app"); }, 10);`],
])("%s of the program itself ends it as it would without a server", (_, stray) => {
  // While a module is evaluated, Bun prints such errors and continues.
  const { status, stderr, stdout } = program(`
    void serving().then(async () => {
      ${stray}
      await sleep(2_000);
      console.log("still here");
      process.exit(0);
    });`);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("of the app");
});

test("the program's own handlers get its errors", () => {
  const { status, stdout } = program(`
    process.on("unhandledRejection", (error: any) => console.log("rejected", error.message));
    process.on("uncaughtException", (error) => console.log("thrown", error.message));
    await serving();
    void Promise.reject(new Error("one"));
    setTimeout(() => { throw new Error("two"); }, 10);
    await sleep(200);
    console.log("still here");
    process.exit(0);`);
  expect([status, stdout.split("\n")]).toEqual([0, ["rejected one", "thrown two", "still here", ""]]);
});

test("the program may end itself, and when the last server closes nothing is left in the process", () => {
  const { status, stdout } = program(`
    const names = ["unhandledRejection", "uncaughtException"];
    const listeners = () => names.map((name) => process.listenerCount(name));
    const { exit } = process;
    const [first, second] = [await serving(), await serving()];
    console.log(listeners().join());
    await new Promise((resolve) => first.close(resolve));
    console.log(listeners().join(), process.exit !== exit);
    await new Promise((resolve) => second.close(resolve));
    console.log(listeners().join(), process.exit === exit);
    await serving();
    process.exit(7);`);
  expect([status, stdout]).toEqual([7, "1,1\n1,1 true\n0,0 true\n"]);
});

const kinds = `const kinds: Record<string, () => unknown> = {
  // The first one: the runtime does not say whose its error is, so only one run may have thrown it.
  later: async () => { void (async () => { await sleep(10); throw new Error("stray"); })(); await sleep(1_000); },
  float: async () => { void Promise.reject(new Error("stray")); await sleep(1_000); },
  timer: async () => { setTimeout(() => { throw new Error("stray"); }, 10); await sleep(1_000); },
  exit: () => process.exit(0),
};`;

test("runWorkflow resolves with the error that nothing caught", () => {
  const { status, stdout } = program(`${kinds}
    for (const kind of Object.keys(kinds)) {
      const workflow = smithers(() => (
        <Workflow name="w">
          <Task id="t" output={outputs.result} retries={0}>{async () => { await kinds[kind]!(); return { ok: true }; }}</Task>
        </Workflow>
      ));
      const { status, error } = await runWorkflow(workflow, { db: ":memory:" });
      console.log(kind, status, error!.message);
    }
    process.exit(3);`);
  expect([status, stdout.trim().split("\n")]).toEqual([
    3,
    [
      "later failed stray",
      "float failed stray",
      "timer failed stray",
      "exit failed process.exit(0) was called. A workflow cannot end the process that executes it.",
    ],
  ]);
});

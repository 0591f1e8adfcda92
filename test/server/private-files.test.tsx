/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { afterThisTest } from "../support/cleanup.ts";
import { smithers, smithersJson } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { loaderOf, shadowsIn } from "../support/loader.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { run } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const isRoot = process.getuid?.() === 0;
const { refused } = hostedCommands();
/** An ordinary user, and another one. */
const [ordinary, other] = [65_534, 65_533];

/** Lets new files be readable and writable by everybody, as far as the program that creates them allows it. */
function openUmask(): void {
  const before = process.umask(0);
  afterThisTest(() => process.umask(before));
}

/** Mode of every file below a folder that is not in `except`, by relative path. */
function modes(root: string, except: readonly string[]): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => !except.includes(name));
  const files = names.filter((name) => !lstatSync(join(root, name)).isDirectory());
  return Object.fromEntries(files.map((name) => [name, (lstatSync(join(root, name)).mode & 0o777).toString(8)]));
}

const gated = (create = "") =>
  workflowFile(
    `<Task id="say" output={outputs.result}>{async () => ({ value: await bash("echo said") })}</Task>
     <Approval id="ok" output={outputs.decision} request={{ title: "Good?" }} />`,
    { schemas: "result: z.object({ value: z.any() }), decision: approvalDecisionSchema", create },
  );

test("no other user can read what a server, a command and a backup create", async () => {
  openUmask();
  const sources = { "gate.tsx": gated(), "own.tsx": gated(', { dbPath: "data/own.db" }'), "flows/gate.tsx": gated() };
  const root = folder(sources);
  const server = await ServerProcess.start(root, { SERVE_OPTIONS: '{"maxWorkers":1}' });
  for (const path of Object.keys(sources)) {
    const runId = await server.start(path);
    await server.until(runId, ({ type }) => type === "ApprovalRequested");
  }
  expect((await smithers(root, "backup", "copies/copy.db")).code).toBe(0);
  const { pid } = await smithersJson(root, "up", "gate.tsx", "--detach");
  const found = modes(root, Object.keys(sources));
  process.kill(pid, "SIGKILL");

  const names = Object.keys(found);
  for (const name of ["smithers.db", "data/own.db", "copies/copy.db"]) expect(names).toContain(name);
  for (const suffix of ["-wal", "-shm"]) {
    expect(names).toContain(`smithers.db${suffix}`);
    expect(names).toContain(`data/own.db${suffix}`);
  }
  expect(names.filter((name) => name.includes(".smithers-")).length).toBeGreaterThanOrEqual(3);
  expect(names.filter((name) => name.endsWith(".log")).length).toBe(1);
  expect(Object.entries(found).filter(([, mode]) => mode !== "600")).toEqual([]);
});

test("runWorkflow and the command keep their new databases from other users", async () => {
  openUmask();
  const root = folder({ "done.tsx": echo });
  const { smithers: workflowOf } = createSmithers({});
  const workflow = workflowOf(() => <Workflow name="empty" />);
  await run(workflow, { db: join(root, "by-library.db") });
  expect((await smithers(root, "up", "done.tsx", "--db", "by-command.db", "--input", '{"msg":"x"}')).code).toBe(0);
  const found = modes(root, ["done.tsx"]);
  expect(Object.keys(found)).toEqual(expect.arrayContaining(["by-library.db", "by-command.db"]));
  expect(Object.entries(found).filter(([, mode]) => mode !== "600")).toEqual([]);
});

test("the mode of a database that is in use stays as its owner has set it", async () => {
  const root = folder({ "done.tsx": echo });
  const use = async () => {
    const server = await serve(root, { withoutDb: true, db: join(root, "smithers.db") });
    await server.complete("done.tsx", { msg: "x" });
    await server.close();
  };
  await use();
  chmodSync(join(root, "smithers.db"), 0o640);
  await use();
  expect((lstatSync(join(root, "smithers.db")).mode & 0o777).toString(8)).toBe("640");
});

test("a database is not created through a link", async () => {
  const elsewhere = folder();
  const root = folder({ "own.tsx": workflowFile("", { create: ', { dbPath: "own.db" }' }) });
  symlinkSync(join(elsewhere, "victim"), join(root, "own.db"));
  const server = await serve(root);
  const { status, body } = await server.post("/v1/runs", { workflowPath: "own.tsx" });
  expect([status, body.error?.code]).toEqual([503, "DB_UNAVAILABLE"]);
  expect(readdirSync(elsewhere)).toEqual([]);
});

test.skipIf(!isRoot)("a new database that belongs to another user is refused", async () => {
  const root = folder({ "own.tsx": workflowFile("", { create: ', { dbPath: "own.db" }' }) });
  writeFileSync(join(root, "own.db"), "");
  chownSync(join(root, "own.db"), other, other);
  const server = await serve(root);
  const { status, body } = await server.post("/v1/runs", { workflowPath: "own.tsx" });
  expect([status, body.error?.code]).toEqual([503, "DB_UNAVAILABLE"]);
});

const plantedLogs: [string, (log: string, victim: string) => void][] = [
  ["a link", (log, victim) => symlinkSync(victim, log)],
  ["a folder", (log) => mkdirSync(log)],
  ["a FIFO", (log) => void spawnSync("mkfifo", [log])],
];
if (isRoot) {
  plantedLogs.push([
    "another user's file",
    (log) => {
      writeFileSync(log, "");
      chownSync(log, other, other);
    },
  ]);
}

test.each(plantedLogs)(
  "a run goes to the background only with a log of its own: %s has the log's name",
  async (_, plant) => {
    const root = folder({ "done.tsx": echo, ".smithers/note": "", victim: "as it was" });
    plant(join(root, ".smithers/mine.log"), join(root, "victim"));
    const { code, err } = await refused(root, "up", "done.tsx", "--detach", "--run-id", "mine");
    expect([code, err]).toEqual([1, expect.stringContaining("mine.log cannot be used")]);
    expect(readFileSync(join(root, "victim"), "utf8")).toBe("as it was");
  },
);

test("a run goes to the background only with a log in a folder next to the database", async () => {
  const outside = folder();
  const root = folder({ "done.tsx": echo });
  symlinkSync(outside, join(root, ".smithers"));
  const { code, err } = await refused(root, "up", "done.tsx", "--detach", "--run-id", "mine");
  expect([code, err]).toEqual([1, expect.stringContaining("its folder is a link")]);
  expect(readdirSync(outside)).toEqual([]);
});

/** A root that its server cannot write, and a temporary folder for everybody. Its server has workers only with `process`. */
async function closedRoot(files: Record<string, string>, isolation: "process" | "none" = "none") {
  const root = folder({ ...files, "data/note": "" });
  const temporary = folder();
  chmodSync(temporary, 0o1777);
  if (isRoot) chownSync(join(root, "data"), ordinary, ordinary);
  chmodSync(root, 0o555);
  afterThisTest(() => chmodSync(root, 0o755));
  const start = () =>
    ServerProcess.start(
      root,
      { TMPDIR: temporary, SERVE_OPTIONS: JSON.stringify({ db: "data/smithers.db", isolation, maxWorkers: 1 }) },
      isRoot ? { user: ordinary } : {},
    );
  return { root, temporary, start };
}

test("a workflow whose folder cannot be written is imported from a private folder that no one else can create first", async () => {
  const { root, temporary, start } = await closedRoot({ "flow.tsx": echo }, "process");
  const sample = folder({ "flow.tsx": echo });
  await loaderOf(sample).load("flow.tsx");
  for (const name of shadowsIn(sample)) writeFileSync(join(temporary, name), 'throw new Error("planted");');
  const server = await start();
  expect((await server.complete("flow.tsx", { msg: "hi" })).output).toEqual({ value: "hi" });
  expect(shadowsIn(root)).toEqual([]);
  const [name, ...more] = readdirSync(temporary).filter((one) => !one.startsWith(".flow"));
  expect(more).toEqual([]);
  expect(name).toMatch(/^smithers-private-\w{6}$/);
  const path = join(temporary, name!);
  expect((lstatSync(path).mode & 0o777).toString(8)).toBe("700");
  expect(Object.values(modes(path, [])).filter((mode) => mode !== "600")).toEqual([]);
  await server.stop("SIGTERM");
  expect(readdirSync(temporary).filter((one) => !one.startsWith(".flow"))).toEqual([]);
});

test("settings that another user has put next to the private folder mean nothing", async () => {
  const { temporary, start } = await closedRoot({ "flow.tsx": echo });
  writeFileSync(join(temporary, "evil.ts"), `throw new Error("evil");`);
  const paths = Object.fromEntries(
    ["*", `${import.meta.dir}/*`, "/*"].map((from) => [from, [join(temporary, "evil.ts")]]),
  );
  writeFileSync(join(temporary, "tsconfig.json"), JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
  writeFileSync(join(temporary, "package.json"), "{ not JSON");
  const server = await start();
  expect((await server.complete("flow.tsx", { msg: "hi" })).output).toEqual({ value: "hi" });
});

test("the private folder of a killed process is removed by the next one, and no other folder", async () => {
  const { temporary, start } = await closedRoot({ "flow.tsx": echo });
  const killed = await start();
  await killed.complete("flow.tsx", { msg: "hi" });
  const [left] = readdirSync(temporary);
  await killed.kill();
  mkdirSync(join(temporary, "smithers-private-others"));
  const server = await start();
  await server.complete("flow.tsx", { msg: "hi" });
  const names = await eventually(() => readdirSync(temporary));
  expect(names).not.toContain(left);
  expect(names).toContain("smithers-private-others");
  expect(names.length).toBe(2);
});

test("a private folder that was cleaned away is not trusted again", async () => {
  const { temporary, start } = await closedRoot({ "flow.tsx": echo, "more.tsx": echo });
  const server = await start();
  await server.complete("flow.tsx", { msg: "hi" });
  const [path] = readdirSync(temporary).map((name) => join(temporary, name));
  spawnSync("rm", ["-rf", path!]);
  mkdirSync(path!, { mode: 0o777 });
  expect((await server.complete("more.tsx", { msg: "hi" })).output).toEqual({ value: "hi" });
  expect(readdirSync(path!)).toEqual([]);
});

test("a compiled workflow that can be written nowhere is refused with the reason", async () => {
  const { temporary, start } = await closedRoot({ "flow.tsx": echo });
  const server = await start();
  chmodSync(temporary, 0o555);
  const { status, body } = await server.post("/v1/runs", { workflowPath: "flow.tsx" });
  expect([status, body.error?.code]).toEqual([503, "FILE_UNAVAILABLE"]);
});

testWithBash(
  "a workflow or a database in a folder that a command has locked can be used again, or it is said why not",
  async () => {
    const command = workflowFile(
      "<Task id='a' output={outputs.result}>{async () => ({ value: await bash(ctx.input.command) })}</Task>",
    );
    const own = workflowFile("", { create: ', { dbPath: "data/own.db" }' });
    const files = { "command.tsx": command, "flows/one.tsx": echo, "flows/two.tsx": echo, "own.tsx": own };
    const root = folder({ ...files, "data/note": "" });
    if (isRoot) spawnSync("chown", ["-R", `${ordinary}:${ordinary}`, root]);
    const server = await ServerProcess.start(root, withoutWorkers, isRoot ? { user: ordinary } : {});
    await server.complete("command.tsx", { command: "chmod 0 flows" });
    expect(await server.post("/v1/runs", { workflowPath: "flows/one.tsx" })).toMatchObject({ status: 200 });
    await server.complete("command.tsx", { command: "chmod 100 flows; chmod 0 data" });
    expect(await server.post("/v1/runs", { workflowPath: "own.tsx" })).toMatchObject({
      status: 503,
      body: { error: { code: "DB_UNAVAILABLE" } },
    });
    expect(await server.post("/v1/runs", { workflowPath: "flows/two.tsx" })).toMatchObject({
      status: 503,
      body: { error: { code: "FILE_UNAVAILABLE", message: expect.stringContaining("flows/two.tsx cannot be read") } },
    });
  },
);

import { expect, setSystemTime, test } from "bun:test";
import { existsSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterThisTest } from "../support/cleanup.ts";
import { folder, write } from "../support/folder.ts";
import { loaderOf } from "../support/loader.ts";
import { servedFolders } from "../support/served-folders.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const says = (text: string) =>
  workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: "${text}" })}</Task>`);
const imports = (head: string) =>
  workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: word })}</Task>`, { head });
const word = (text: string) => `export const word: string = "${text}";\n`;
const value = ({ output }: { output?: unknown }) => (output as { value: unknown }).value;

const place = servedFolders();

test("an edit of the workflow takes effect at the next start", async () => {
  const { path: root, name, server } = place({ "flow.tsx": says("one") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("one");
  write(root, { "flow.tsx": says("two") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("two");
  write(root, { "flow.tsx": says("one") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("one");
});

test.each([
  ["a module beside it", "./lib.ts", "lib.ts"],
  ["a module without its ending", "./lib", "lib.ts"],
  ["a folder's index", "./words", "words/index.ts"],
  ["a module above it", "../lib.ts", "../lib.ts"],
])("an edit of %s counts on the next start", async (_, specifier, file) => {
  const { path: root, name, server } = place();
  const at = (text: string) => write(root, { [join("flows", file)]: word(text) });
  write(root, { "flows/flow.tsx": imports(`import { word } from "${specifier}";`) });
  at("one");
  expect(value(await server.complete(`${name}/flows/flow.tsx`))).toBe("one");
  at("two");
  expect(value(await server.complete(`${name}/flows/flow.tsx`))).toBe("two");
});

test("an edit that keeps a file's size and time takes effect", async () => {
  const root = folder({ "flow.tsx": says("one") });
  const file = join(root, "flow.tsx");
  const server = await serve(root);
  // Seen from the future, the file is too old to have been written in the moment in which it was read.
  setSystemTime(Date.now() + 3_600_000);
  afterThisTest(() => setSystemTime());
  for (const _ of [1, 2]) expect(value(await server.complete("flow.tsx"))).toBe("one");
  const { atime, mtime } = statSync(file);
  write(root, { "flow.tsx": says("two") });
  utimesSync(file, atime, mtime);
  expect(value(await server.complete("flow.tsx"))).toBe("two");
});

test("an edit of an indirectly imported module takes effect", async () => {
  const {
    path: root,
    name,
    server,
  } = place({
    "flow.tsx": imports('import { word } from "./middle.ts";'),
    "middle.ts": 'export { word } from "./deep.ts";\n',
    "deep.ts": word("one"),
  });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("one");
  write(root, { "deep.ts": word("two") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("two");
});

test("an edit of a module that is imported by a path alias takes effect", async () => {
  const {
    path: root,
    name,
    server,
  } = place({
    "tsconfig.json": '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
    "flow.tsx": imports('import { word } from "@lib/word.ts";'),
    "lib/word.ts": word("one"),
  });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("one");
  write(root, { "lib/word.ts": word("two") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("two");
});

test("an edit of an imported JSON file takes effect", async () => {
  const {
    path: root,
    name,
    server,
  } = place({
    "flow.tsx": imports('import { word } from "./data.json";'),
    "data.json": '{ "word": "one" }',
  });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("one");
  write(root, { "data.json": '{ "word": "two" }' });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("two");
});

test("a run in progress keeps the version that it was started with", async () => {
  const steps = (text: string) =>
    workflowFile(`
      <Task id="hold" output={outputs.result}>{async () => { await fileAt(ctx.input.gate); return { value: 0 }; }}</Task>
      <Task id="say" output={outputs.result}>{() => ({ value: "${text}" })}</Task>`);
  const { path: root, name, server } = place({ "flow.tsx": steps("old") });
  const gate = join(root, "gate");
  const old = await server.start(`${name}/flow.tsx`, { gate });
  await server.until(old, ({ type }) => type === "NodeStarted");
  write(root, { "flow.tsx": steps("new") });
  const young = await server.start(`${name}/flow.tsx`, { gate });
  write(root, { gate: "" });
  expect(value(await server.end(young))).toBe("new");
  expect(value(await server.end(old))).toBe("old");
});

test("an edit takes effect at a resume too", async () => {
  const {
    path: root,
    name,
    server,
  } = place({
    "flow.tsx": workflowFile(
      `<Task id="a" output={outputs.result} noRetry>{() => { throw new Error("broken"); }}</Task>`,
    ),
  });
  const { runId, status } = await server.complete(`${name}/flow.tsx`);
  expect(status).toBe("failed");
  write(root, { "flow.tsx": says("repaired").replace('id="say"', 'id="a"') });
  await server.runs.resume(runId);
  expect(value(await server.end(runId))).toBe("repaired");
});

test("a repaired workflow is accepted after it was refused", async () => {
  const { path: root, name, server } = place({ "flow.tsx": "throw new Error('broken');" });
  expect((await server.post("/v1/runs", { workflowPath: `${name}/flow.tsx` })).status).toBe(400);
  write(root, { "flow.tsx": says("repaired") });
  expect(value(await server.complete(`${name}/flow.tsx`))).toBe("repaired");
});

test("a deleted file is not found, although it was loaded before", async () => {
  const { path: root, name, server } = place({ "flow.tsx": says("one") });
  await server.complete(`${name}/flow.tsx`);
  rmSync(join(root, "flow.tsx"));
  expect(existsSync(join(root, "flow.tsx"))).toBe(false);
  const { status, body } = await server.post("/v1/runs", { workflowPath: `${name}/flow.tsx` });
  expect([status, body.error.code]).toEqual([404, "WORKFLOW_NOT_FOUND"]);
});

test("the same code has the same hash, from whatever folder the process was started", async () => {
  const root = folder({ "flows/flow.tsx": imports(`import { word } from "../lib.ts";`), "lib.ts": word("one") });
  const here = process.cwd();
  const hashes = new Set<string>();
  afterThisTest(() => process.chdir(here));
  for (const start of [here, root, join(root, "flows")]) {
    process.chdir(start);
    hashes.add((await loaderOf(root).load("flows/flow.tsx")).workflowHash);
  }
  expect(hashes.size).toBe(1);
});

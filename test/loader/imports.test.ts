import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { folder, write } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { registryWith } from "../support/registry.ts";
import { servedFolders } from "../support/served-folders.ts";
import { workflowFile } from "../support/workflows.ts";

const place = servedFolders();

async function resultOf(head: string, expression: string, files: Record<string, string> = {}) {
  const tree = `<Task id="t" output={outputs.result}>{async () => ({ value: await ${expression} })}</Task>`;
  const { path: root, name, server } = place({ "flow.tsx": workflowFile(tree, { head }), ...files });
  const run = await server.complete(`${name}/flow.tsx`);
  expect(run).toMatchObject({ status: "finished" });
  return { root, value: (run.output as { value: unknown }).value };
}

test("a folder without node_modules can import zod, react and this package", async () => {
  const head = `import { createContext, useState } from "react"; import { bash as b } from "smithers-orchestrator/tools";`;
  const { value } = await resultOf(head, "[typeof createContext, typeof useState, typeof b, z.string().parse('x')]");
  expect(value).toEqual(["function", "function", "function", "x"]);
});

test("components with hooks share the React that renders them", async () => {
  const { name, server } = place({
    "flow.tsx": workflowFile(`<Step />`, {
      head: `import { createContext, useContext, useMemo } from "react";
const Word = createContext("from context");
function Step() { const word = useContext(Word); const twice = useMemo(() => word + word, [word]); return <Task id="t" output={outputs.result}>{() => ({ value: twice })}</Task>; }`,
    }),
  });
  expect((await server.complete(`${name}/flow.tsx`)).output).toEqual({ value: "from contextfrom context" });
});

test("a file without a setting for JSX is rendered", async () => {
  const source = workflowFile(`<><Task id="t" output={outputs.result}>{{ value: 1 }}</Task></>`);
  const { name, server } = place({ "flow.tsx": source.replace(/^.*jsxImportSource.*\n/, "") });
  expect(await server.complete(`${name}/flow.tsx`)).toMatchObject({ status: "finished", output: { value: 1 } });
});

test("a package in the workflow's own node_modules is used", async () => {
  const { value } = await resultOf('import { word } from "own-package";', "word", {
    "node_modules/own-package/package.json": '{ "name": "own-package", "type": "module", "exports": "./main.js" }',
    "node_modules/own-package/main.js": 'export const word = "own";',
  });
  expect(value).toBe("own");
});

const asksStranger = (head: string, call = "") =>
  folder({
    "flow.tsx": workflowFile(
      `<Task id="t" output={outputs.result} noRetry>{async () => { ${call} return { value: 1 }; }}</Task>`,
      { head },
    ),
  });
const stranger = `console.error("the stranger's code");`;

test("a package that is not installed is not taken from the registry", async () => {
  const env = { ...registryWith("stranger", stranger), ...withoutWorkers };
  const server = await ServerProcess.start(asksStranger('import "stranger";'), env, { captureLog: true });
  const { status, body } = await server.post("/v1/runs", { workflowPath: "flow.tsx" });
  expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
  expect(body.error.message).toContain('Cannot find the package "stranger"');
  expect(server.log).toBe("");
});

test("a package that is installed as a link into Bun's cache is found", async () => {
  const cache = folder({
    "linked@1.0.0@@@1/package.json": JSON.stringify({ name: "linked", version: "1.0.0", main: "index.js" }),
    "linked@1.0.0@@@1/index.js": 'module.exports = { word: "linked" };',
  });
  const tree = `<Task id="t" output={outputs.result}>{() => ({ value: word })}</Task>`;
  const source = workflowFile(tree, { head: 'import { word } from "linked";' });
  const { path, name, server } = place({ "flow.tsx": source, "node_modules/.keep": "" });
  symlinkSync(join(cache, "linked@1.0.0@@@1"), join(path, "node_modules/linked"));
  expect((await server.complete(`${name}/flow.tsx`)).output).toEqual({ value: "linked" });
});

test("a command takes a package that is imported while it runs not from the registry either", async () => {
  const env = registryWith("stranger", stranger);
  const cwd = asksStranger("", 'await import("stranger");');
  const { out, err, code } = await startSmithers(["up", "flow.tsx", "--json"], { cwd, env }).ended;
  expect(code).toBe(1);
  expect(JSON.parse(out).error.message).toContain("stranger");
  expect(err).not.toContain("the stranger's code");
});

test("modules of Node and Bun can be imported", async () => {
  const { value } = await resultOf(
    'import { basename } from "node:path"; import { Database } from "bun:sqlite";',
    "[basename('/a/b'), typeof Database]",
  );
  expect(value).toEqual(["b", "function"]);
});

test("JSON files, and text files by attribute or extension, are imported as their content", async () => {
  const head = `import data from "./data.json"; import prompt from "./prompt.md" with { type: "text" }; import notes from "./notes.txt";`;
  const { value } = await resultOf(head, "[data, prompt, notes]", {
    "data.json": '{ "a": [1] }',
    "prompt.md": "# Prompt\n",
    "notes.txt": "notes",
  });
  expect(value).toEqual([{ a: [1] }, "# Prompt\n", "notes"]);
});

test("a local module may be imported only when a task needs it", async () => {
  const { value } = await resultOf("", 'import("./lazy.ts").then(({ word }) => word)', {
    "lazy.ts": 'export const word = "lazy";',
  });
  expect(value).toBe("lazy");
});

test("import.meta names the workflow's folder", async () => {
  const { root, value } = await resultOf("", "import.meta.dirname");
  expect(value).toBe(root);
});

test.each(["ts", "js", "jsx", "mjs", "mts"])("a workflow may be a .%s file", async (ending) => {
  const source = `import { createElement as h } from "react";
import { Task, Workflow, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ result: z.object({ value: z.any() }) });
export default smithers(() => h(Workflow, { name: "plain" }, h(Task, { id: "t", output: outputs.result, children: () => ({ value: 1 }) })));
`;
  const { name, server } = place({ [`flow.${ending}`]: source });
  expect((await server.complete(`${name}/flow.${ending}`)).output).toEqual({ value: 1 });
});

describe("a name with unusual characters is that of a", () => {
  const names = ["a\\b", "a?b", "a#b", "a%b", "a%20b", " a b ", "a\nb", "...a", `a'b"c`, "[a](b){c}*", "$a`b`", "a:b"];
  const flow = workflowFile(
    `<Task id="t" noRetry output={outputs.result}>{async () => {
       if (data.fail) throw new Error("kaputt");
       return { value: n + (await import("./lib/n.js")).n };
     }}</Task>`,
    { head: `import data from "./the data.json";\nimport { n } from "./lib/n";` },
  );
  test.each(names)("folder and a file: %j", async (name) => {
    const parts = (dir: string, fail: boolean) => ({
      [`${dir}/lib/n.ts`]: "export const n = 21;",
      [`${dir}/the data.json`]: JSON.stringify({ fail }),
    });
    const { path: root, name: above, server } = place({ [`${name}/${name}.tsx`]: flow, ...parts(name, false) });
    const path = `./${above}/${name}/${name}.tsx`;
    expect(await server.complete(path)).toMatchObject({ status: "finished", output: { value: 42 } });
    write(root, { [`${name}/lib/n.ts`]: "export const n = 50;" });
    expect(await server.complete(path)).toMatchObject({ status: "finished", output: { value: 100 } });
    write(root, { [`${name}/the data.json`]: `{"fail":true}` });
    const line = flow.split("\n").findIndex((text) => text.includes("kaputt")) + 1;
    const file = `${above}/${name}/${name}.tsx`;
    expect(await server.complete(path)).toMatchObject({ status: "failed", error: { details: { at: { file, line } } } });
  });
});

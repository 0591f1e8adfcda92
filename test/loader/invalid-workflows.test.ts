import { expect, test } from "bun:test";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { folder, write } from "../support/folder.ts";
import { loaderOf, refusalOf } from "../support/loader.ts";
import { serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

/** [what, the files, where details must point, what the message must say] */
const invalid: [string, Record<string, string>, { file: string; line?: number }, string][] = [
  ["a syntax error", { "flow.tsx": "\n\nconst = 5;\n" }, { file: "flow.tsx", line: 3 }, 'found "="'],
  [
    "a syntax error in an imported module",
    { "flow.tsx": 'import "./lib/a.ts";\n', "lib/a.ts": "\nlet let = 1;\n" },
    { file: "lib/a.ts", line: 2 },
    "let",
  ],
  [
    "an error while it is imported",
    { "flow.tsx": "\n\nthrow new TypeError('boom');\n" },
    { file: "flow.tsx", line: 3 },
    "TypeError: boom",
  ],
  [
    "an error while a module that it imports is",
    { "flow.tsx": 'import "./lib.ts";\n', "lib.ts": "\nconst x: any = undefined;\nx.y.z();\n" },
    { file: "lib.ts", line: 3 },
    "TypeError",
  ],
  ["something thrown that is no error", { "flow.tsx": "throw 'just text';\n" }, { file: "flow.tsx" }, "just text"],
  [
    "a rejected top-level await",
    { "flow.tsx": "\nawait Promise.reject(new Error('late'));\n" },
    { file: "flow.tsx", line: 2 },
    "late",
  ],
  [
    "a relative module that is missing",
    { "flow.tsx": '\nimport "./gone.ts";\n' },
    { file: "flow.tsx", line: 2 },
    "./gone.ts",
  ],
  [
    "a package that is missing",
    { "flow.tsx": "\nimport x from 'no-such-package';\nexport default x;\n" },
    { file: "flow.tsx", line: 2 },
    '"no-such-package"',
  ],
  [
    "an entry that this package does not have",
    { "flow.tsx": 'import "smithers-orchestrator/nope";\n' },
    { file: "flow.tsx", line: 1 },
    'smithers-orchestrator has no entry "nope"',
  ],
  [
    "a local module without the named export",
    { "flow.tsx": '\nimport { nope } from "./lib.ts";\nexport default nope;\n', "lib.ts": "export const a = 1;\n" },
    { file: "flow.tsx", line: 2 },
    'No matching export in "lib.ts" for import "nope"',
  ],
  [
    "a package without the named export",
    { "flow.tsx": '\nimport { nope } from "zod";\nexport default nope;\n' },
    { file: "flow.tsx", line: 2 },
    "Export named 'nope' not found in module 'zod/",
  ],
  [
    "this package without the named export",
    { "flow.tsx": '\nimport {\n  Nope,\n} from "smithers-orchestrator";\nexport default Nope;\n' },
    { file: "flow.tsx", line: 3 },
    'smithers-orchestrator has no export "Nope"',
  ],
  ["no default export", { "flow.tsx": "export const a = 1;\n" }, { file: "flow.tsx" }, "default"],
  [
    "a default export that is no workflow",
    { "flow.tsx": "export default () => null;\n" },
    { file: "flow.tsx" },
    "default",
  ],
  [
    "a default export that is a promise",
    { "flow.tsx": "export default Promise.resolve();\n" },
    { file: "flow.tsx" },
    "its default export is of type object",
  ],
  [
    "a database that is not a path",
    { "flow.tsx": `import { createSmithers } from "smithers-orchestrator";\ncreateSmithers({}, { dbPath: 5 });\n` },
    { file: "flow.tsx", line: 2 },
    "createSmithers: dbPath must be the path of a file; it is 5",
  ],
  [
    "a misspelt option",
    {
      "flow.tsx": `import { createSmithers } from "smithers-orchestrator";\ncreateSmithers({}, { dbpath: "a.db" });\n`,
    },
    { file: "flow.tsx", line: 2 },
    'the unknown field "dbpath". Did you mean "dbPath"?',
  ],
  [
    "schemas that are a function",
    { "flow.tsx": `import { createSmithers } from "smithers-orchestrator";\ncreateSmithers(() => ({}));\n` },
    { file: "flow.tsx", line: 2 },
    "createSmithers takes an object with a Zod schema for each output",
  ],
  ["an empty file", { "flow.tsx": "" }, { file: "flow.tsx" }, "default"],
];

/** A server with the files of each case in a folder of its own. */
const served = forAllTests(async () => {
  const root = folder({ "echo.tsx": echo });
  for (const [number, [, files]] of invalid.entries()) write(join(root, `case-${number}`), files);
  return { root, server: await serve(root, { maxWorkers: 1 }) };
});

test.each(invalid.map((row, number) => [...row, `case-${number}/`] as const))(
  "%s is WORKFLOW_INVALID with its position",
  async (_, __, place, text, within) => {
    const { root, server } = served();
    const workflowPath = `${within}flow.tsx`;
    const { status, body } = await server.post("/v1/runs", { workflowPath });
    expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
    expect(body.error.details).toMatchObject({ ...place, file: within + place.file });
    if (place.line === undefined) expect(body.error.details.line).toBeUndefined();
    expect(body.error.details.message).toContain(text.replace('"lib.ts"', `"${within}lib.ts"`));
    expect(body.error.message).toContain(body.error.details.message);
    // No path of this machine: neither the root's nor that of an installed package.
    const said = JSON.stringify(body);
    for (const secret of [root, process.cwd(), "/tmp", "node_modules", "../"]) expect(said).not.toContain(secret);
    expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
    // It is refused each time, not only when it is new.
    expect((await server.post("/v1/runs", { workflowPath })).body.error).toEqual(body.error);
  },
);

test("top-level code that never ends is cut off", async () => {
  const root = folder({ "hangs.tsx": `await new Promise(() => {});\n${echo}`, "echo.tsx": echo });
  const loader = loaderOf(root, { importTimeoutMs: 100 });
  const refusal = await refusalOf(loader, "hangs.tsx");
  expect(refusal.code).toBe("WORKFLOW_INVALID");
  expect(refusal.details).toMatchObject({ file: "hangs.tsx", message: expect.stringContaining("100 ms") });
  expect((await refusalOf(loader, "hangs.tsx")).code).toBe("WORKFLOW_INVALID");
  await loader.load("echo.tsx");
});

test("slow top-level code is waited for", async () => {
  const root = folder({ "slow.tsx": `await new Promise((r) => setTimeout(r, 50));\n${echo}` });
  expect((await loaderOf(root, { importTimeoutMs: 5_000 }).load("slow.tsx")).workflowPath).toBe("slow.tsx");
});

test("the position is right wherever the process and the workflow are", async () => {
  const root = folder({ "a/b/deep.tsx": "\n\nthrow new Error('boom');\n", "top.tsx": "\nthrow new Error('boom');\n" });
  const loader = loaderOf(root);
  const cwd = process.cwd();
  for (const at of [cwd, "/", root, join(root, "a")]) {
    process.chdir(at);
    const places = await Promise.all(["a/b/deep.tsx", "top.tsx"].map((path) => refusalOf(loader, path)));
    process.chdir(cwd);
    expect(places.map(({ details }) => details)).toMatchObject([
      { file: "a/b/deep.tsx", line: 3 },
      { file: "top.tsx", line: 2 },
    ]);
  }
});

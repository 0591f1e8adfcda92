import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const task = `<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`;
const typed = (field: string) =>
  workflowFile(task, { schemas: `input: z.object({ ${field}: z.string() }), result: z.object({ value: z.any() })` });

test("a file is evaluated once per version, and an edit is seen at the next call", async () => {
  const root = folder();
  const marks = join(root, "marks");
  const counting = (field: string) =>
    workflowFile(task, {
      head: `appendFileSync(${JSON.stringify(marks)}, "x");`,
      schemas: `input: z.object({ ${field}: z.string() }), result: z.object({ value: z.any() })`,
    });
  write(root, { "flow.tsx": counting("first") });
  const server = await serve(root);
  for (let n = 0; n < 3; n += 1) await server.get("/v1/workflows");
  expect(readFileSync(marks, "utf8")).toBe("x");
  write(root, { "flow.tsx": counting("second") });
  const { body } = await server.get("/v1/workflows");
  expect(Object.keys(body[0].inputSchema.properties)).toEqual(["second"]);
  expect(readFileSync(marks, "utf8")).toBe("xx");
});

test("files that export no workflow are not listed, and those that cannot be one are not evaluated", async () => {
  const root = folder();
  const mark = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(join(root, "evaluated"))}, "");`;
  write(root, {
    "echo.tsx": echo,
    "deep/er/flow.tsx": typed("name"),
    "server.ts": `${mark} import { startServer } from "smithers-orchestrator";`,
    "config.ts": `${mark} export default {};`,
    "flow.test.tsx": `${mark} ${echo}`,
    "types.d.ts": `/* smithers */ export default 1;`,
    ".hidden/flow.tsx": `${mark} ${echo}`,
    "node_modules/dep/flow.tsx": `${mark} ${echo}`,
    "list.ts": `export default ["smithers"];`,
    "notes.md": "export default smithers",
  });
  const { body } = await (await serve(root)).get("/v1/workflows");
  expect(body.map(({ workflowPath }: { workflowPath: string }) => workflowPath)).toEqual([
    "deep/er/flow.tsx",
    "echo.tsx",
  ]);
  expect(existsSync(join(root, "evaluated"))).toBe(false);
});

test("a file that does not load is listed with the reason, the others as ever", async () => {
  const root = folder({ "a.tsx": `${echo}\nconst x = ;`, "b.tsx": echo });
  const { body } = await (await serve(root)).get("/v1/workflows");
  expect(body).toMatchObject([
    { workflowPath: "a.tsx", name: "test", problem: { code: "WORKFLOW_INVALID" } },
    { workflowPath: "b.tsx", name: "test" },
  ]);
  expect(body[0].problem.message).toStartWith("a.tsx:");
  expect(body[1].problem).toBeUndefined();
});

test("the name is that of the Workflow, and the description the comment above the default export", async () => {
  const described = echo
    .replace('name="test"', 'name="say-it"')
    .replace("export default", "/**\n * Says it.\n *\n * Twice.\n */\nexport default");
  const { body } = await (await serve(folder({ "flow.tsx": described }))).get("/v1/workflows");
  expect(body).toEqual([{ workflowPath: "flow.tsx", name: "say-it", description: "Says it.\n\nTwice." }]);
});

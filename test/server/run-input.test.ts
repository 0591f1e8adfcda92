import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const typed = workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: ctx.input })}</Task>`, {
  schemas:
    "input: z.object({ to: z.string().email(), times: z.number().int().positive().default(3) }), result: z.object({ value: z.any() })",
});

test("an input that does not fit the workflow's schema is INVALID_INPUT, and no run is recorded", async () => {
  const server = await serve(folder({ "typed.tsx": typed }));
  const { status, body } = await server.post("/v1/runs", {
    workflowPath: "typed.tsx",
    input: { to: "nobody", times: -1 },
  });
  expect([status, body.error.code]).toEqual([400, "INVALID_INPUT"]);
  expect(body.error.details.issues.map(({ path }: { path: unknown }) => path)).toEqual([["to"], ["times"]]);
  expect(body.error.details.issues[0]).toEqual({ path: ["to"], message: expect.any(String), code: expect.any(String) });
  expect((await server.get("/v1/runs")).body).toEqual([]);
});

test("no input at all is checked too", async () => {
  const server = await serve(folder({ "typed.tsx": typed }));
  const { status, body } = await server.post("/v1/runs", { workflowPath: "typed.tsx" });
  expect([status, body.error.code]).toEqual([400, "INVALID_INPUT"]);
});

test("defaults of the schema are applied", async () => {
  const server = await serve(folder({ "typed.tsx": typed }));
  const run = await server.complete("typed.tsx", { to: "a@b.org" });
  expect(run.output).toEqual({ value: { to: "a@b.org", times: 3 } });
});

test("a workflow without an input schema takes any object", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const msg = { deep: [1, null, "ä\u0000ö", { __proto__x: true }] };
  expect((await server.complete("echo.tsx", { msg })).output).toEqual({ value: msg });
});

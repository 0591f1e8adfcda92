import { describe, expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const start = (more: Record<string, unknown>) => ({ workflowPath: "echo.tsx", ...more });

/** [what, body, code, the field that details name] */
const refused: [string, unknown, string, string | undefined][] = [
  ["an empty body", "", "INVALID_REQUEST", "workflowPath"],
  ["no workflowPath", {}, "INVALID_REQUEST", "workflowPath"],
  ["half an object", '{"workflowPath":', "INVALID_JSON", undefined],
  ["a word", "hello", "INVALID_JSON", undefined],
  ["white space", "  ", "INVALID_JSON", undefined],
  ["two values", "{}{}", "INVALID_JSON", undefined],
  ["an array", "[]", "INVALID_REQUEST", "body"],
  ["null", "null", "INVALID_REQUEST", "body"],
  ["a number", "5", "INVALID_REQUEST", "body"],
  ["a workflowPath that is a number", { workflowPath: 5 }, "INVALID_REQUEST", "workflowPath"],
  ["a workflowPath that is null", { workflowPath: null }, "INVALID_REQUEST", "workflowPath"],
  ["an empty workflowPath", { workflowPath: "" }, "INVALID_REQUEST", "workflowPath"],
  ["an endless workflowPath", { workflowPath: "a".repeat(5_000) }, "INVALID_REQUEST", "workflowPath"],
  ["a NUL in workflowPath", { workflowPath: "echo.tsx\0.png" }, "INVALID_REQUEST", "workflowPath"],
  ["an input that is text", start({ input: "x" }), "INVALID_REQUEST", "input"],
  ["an input that is a list", start({ input: [1] }), "INVALID_REQUEST", "input"],
  ["an input that is null", start({ input: null }), "INVALID_REQUEST", "input"],
  ["a runId that is a number", start({ runId: 7 }), "INVALID_REQUEST", "runId"],
  ["an empty runId", start({ runId: "" }), "INVALID_REQUEST", "runId"],
  ["a runId with a slash", start({ runId: "a/b" }), "INVALID_REQUEST", "runId"],
  ["a runId of 129 letters", start({ runId: "a".repeat(129) }), "INVALID_REQUEST", "runId"],
  ["resume that is text", start({ resume: "true" }), "INVALID_REQUEST", "resume"],
  ["a config that is a list", start({ config: [] }), "INVALID_REQUEST", "config"],
  ["a negative number", start({ config: { maxConcurrency: -1 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["zero", start({ config: { maxConcurrency: 0 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a fraction", start({ config: { maxConcurrency: 1.5 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a number as text", start({ config: { maxConcurrency: "2" } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["nesting over 32", start({ input: nested(32) }), "INVALID_REQUEST", "body"],
  ["endless nesting", "[".repeat(400_000), "INVALID_JSON", undefined],
  ["endless nesting that is closed", `${"[".repeat(400_000)}${"]".repeat(400_000)}`, "INVALID_REQUEST", "body"],
  ["resume without runId", { resume: true }, "RUN_ID_REQUIRED", undefined],
];

describe("POST /v1/runs refuses", () => {
  test.each(refused)("%s", async (_, body, code, field) => {
    const server = await serve(folder({ "echo.tsx": echo }));
    const answer = await server.post("/v1/runs", body);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
    expect(answer.body.error.details?.field).toBe(field as string);
    expect((await server.get("/v1/runs")).body).toEqual([]);
  });

  test("bytes that are no UTF-8", async () => {
    const server = await serve(folder({ "echo.tsx": echo }));
    const bytes = Buffer.concat([
      Buffer.from('{"workflowPath":"echo.tsx","input":{"a":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}}'),
    ]);
    const response = await fetch(`${server.url}/v1/runs`, { method: "POST", body: bytes });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "INVALID_JSON" } });
  });

  test("a run that exists already", async () => {
    const server = await serve(folder({ "echo.tsx": echo }));
    await server.complete("echo.tsx", {}, { runId: "mine" });
    const { status, body } = await server.post("/v1/runs", start({ runId: "mine" }));
    expect([status, body.error.code]).toEqual([409, "RUN_ALREADY_EXISTS"]);
  });

  test("to resume a run that does not exist", async () => {
    const server = await serve(folder({ "echo.tsx": echo }));
    const { status, body } = await server.post("/v1/runs", start({ runId: "none", resume: true }));
    expect([status, body.error.code]).toEqual([404, "RUN_NOT_FOUND"]);
  });
});

test("nesting of 32 is taken", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const run = await server.complete("echo.tsx", { msg: nested(30) });
  expect(run.output).toEqual({ value: nested(30) });
});

/** [what, path, body, field] */
const otherBodies: [string, string, unknown, string][] = [
  ["approve: a negative iteration", "nodes/n/approve", { iteration: -1 }, "iteration"],
  ["approve: a fraction", "nodes/n/approve", { iteration: 0.5 }, "iteration"],
  ["approve: a note that is a number", "nodes/n/approve", { note: 1 }, "note"],
  ["approve: ranked that is text", "nodes/n/approve", { ranked: "a" }, "ranked"],
  ["deny: decidedBy that is a list", "nodes/n/deny", { decidedBy: [] }, "decidedBy"],
  ["signal: an empty correlationId", "signals/s", { correlationId: "" }, "correlationId"],
  ["signal: a list", "signals/s", [], "body"],
  ["resume: a workflowPath that is a number", "resume", { workflowPath: 1 }, "workflowPath"],
];

test.each(otherBodies)("%s is refused", async (_, path, given, field) => {
  const server = await serve(folder({ "echo.tsx": echo }));
  await server.complete("echo.tsx", {}, { runId: "r" });
  const { status, body } = await server.post(`/v1/runs/r/${path}`, given);
  expect([status, body.error.code, body.error.details.field]).toEqual([400, "INVALID_REQUEST", field]);
});

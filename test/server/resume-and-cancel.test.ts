import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { processesIn } from "../support/sandboxed.ts";
import { serve, serveWithoutWorkers } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const fails = workflowFile(`<Task id="a" output={outputs.result} noRetry>{() => { throw new Error("no"); }}</Task>`);
const sleeper = workflowFile(
  `<Task id="sleep" output={outputs.result}>{async () => ({ value: await bash("sleep 60 & touch begun; wait") })}</Task>`,
);

test("resume of an ended run is refused as ended, even when its file is gone", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serveWithoutWorkers(root);
  const { runId } = await server.complete("echo.tsx");
  rmSync(join(root, "echo.tsx"));
  const { status, body } = await server.post(`/v1/runs/${runId}/resume`);
  expect([status, body.error.code]).toEqual([409, "RUN_NOT_ACTIVE"]);
});

test("a run whose workflow is missing is not resumed, and stays as it is", async () => {
  const root = folder({ "fails.tsx": fails });
  const server = await serveWithoutWorkers(root);
  const { runId } = await server.complete("fails.tsx");
  rmSync(join(root, "fails.tsx"));
  const { status, body } = await server.post(`/v1/runs/${runId}/resume`);
  expect([status, body.error.code]).toEqual([404, "WORKFLOW_NOT_FOUND"]);
  expect((await server.run(runId)).status).toBe("failed");
});

testWithBash("cancel ends a running command with its children", async () => {
  const root = folder({ "sleep.tsx": sleeper });
  const server = await serve(root);
  const runId = await server.start("sleep.tsx");
  await eventually(() => existsSync(join(root, "begun")));
  expect(processesIn(root).length).toBeGreaterThan(1);
  const { status, body } = await server.post(`/v1/runs/${runId}/cancel`);
  expect([status, body]).toEqual([200, { runId }]);
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "cancelled", runState: { state: "cancelled" }, summary: { cancelled: 1 } });
  await eventually(() => processesIn(root).length === 0);
});

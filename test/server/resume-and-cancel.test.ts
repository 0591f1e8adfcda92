import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { processesIn } from "../support/sandboxed.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const flaky = (log: string) =>
  workflowFile(`
    <Task id="once" output={outputs.result}>{() => { appendFileSync(${JSON.stringify(log)}, "once "); return { value: 1 }; }}</Task>
    <Task id="flaky" output={outputs.result} noRetry>{() => { if (!existsSync(${JSON.stringify(`${log}.ok`)})) throw new Error("not yet"); return { value: 2 }; }}</Task>`);
const wait = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
const sleeper = workflowFile(
  `<Task id="sleep" output={outputs.result}>{async () => ({ value: await bash("sleep 60 & touch begun; wait") })}</Task>`,
);

const begun = (root: string) => eventually(() => existsSync(join(root, "begun")));

async function codeOf(answer: Promise<{ status: number; body: { error?: { code: string } } }>) {
  const { status, body } = await answer;
  return [status, body.error?.code];
}

describe("resume", () => {
  test.each([
    ["/resume", (runId: string): [string, object] => [`/v1/runs/${runId}/resume`, {}]],
    [
      "/resume with workflowPath",
      (runId: string): [string, object] => [`/v1/runs/${runId}/resume`, { workflowPath: "flaky.tsx" }],
    ],
    ["POST /v1/runs", (runId: string): [string, object] => ["/v1/runs", { runId, resume: true }]],
  ])("by %s continues a failed run, and what is finished is not run again", async (_, request) => {
    const root = folder();
    const log = join(root, "log");
    write(root, { "flaky.tsx": flaky(log) });
    const server = await serve(root);
    const { runId, status } = await server.complete("flaky.tsx");
    expect(status).toBe("failed");
    write(root, { "log.ok": "" });
    const answer = await server.post(...request(runId));
    expect([answer.status, answer.body]).toEqual([200, { runId }]);
    expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
    expect(readFileSync(log, "utf8")).toBe("once ");
  });

  test("of a waiting run is taken, and it waits on", async () => {
    const server = await serve(folder({ "wait.tsx": wait }));
    const runId = await server.start("wait.tsx");
    await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
    expect((await server.post(`/v1/runs/${runId}/resume`)).status).toBe(200);
    await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
    expect((await server.end(runId)).status).toBe("finished");
  });

  test("of a run in progress is RUN_IN_PROGRESS", async () => {
    const root = folder({ "sleep.tsx": sleeper });
    const server = await serve(root);
    const runId = await server.start("sleep.tsx");
    await begun(root);
    expect(await codeOf(server.post(`/v1/runs/${runId}/resume`))).toEqual([409, "RUN_IN_PROGRESS"]);
    expect(await codeOf(server.post("/v1/runs", { runId, resume: true }))).toEqual([409, "RUN_IN_PROGRESS"]);
  });

  test("of a run that has ended for good is RUN_NOT_ACTIVE, also when its file is gone", async () => {
    const root = folder({ "echo.tsx": echo });
    const server = await serve(root);
    const { runId } = await server.complete("echo.tsx");
    expect(await codeOf(server.post(`/v1/runs/${runId}/resume`))).toEqual([409, "RUN_NOT_ACTIVE"]);
    rmSync(join(root, "echo.tsx"));
    expect(await codeOf(server.post(`/v1/runs/${runId}/resume`))).toEqual([409, "RUN_NOT_ACTIVE"]);
  });

  test("with a workflow that is missing is refused, and the run stays as it is", async () => {
    const root = folder();
    write(root, { "flaky.tsx": flaky(join(root, "log")) });
    const server = await serve(root);
    const { runId } = await server.complete("flaky.tsx");
    expect(await codeOf(server.post(`/v1/runs/${runId}/resume`, { workflowPath: "../x.tsx" }))).toEqual([
      400,
      "WORKFLOW_PATH_OUTSIDE_ROOT",
    ]);
    rmSync(join(root, "flaky.tsx"));
    expect(await codeOf(server.post(`/v1/runs/${runId}/resume`))).toEqual([404, "WORKFLOW_NOT_FOUND"]);
    expect((await server.run(runId)).status).toBe("failed");
  });

  test("of one failed run by many at once is taken once", async () => {
    const root = folder();
    write(root, { "flaky.tsx": flaky(join(root, "log")) });
    const server = await serve(root);
    const { runId } = await server.complete("flaky.tsx");
    write(root, { "log.ok": "" });
    const answers = await Promise.all([1, 2, 3, 4].map(() => codeOf(server.post(`/v1/runs/${runId}/resume`))));
    expect(answers.filter(([status]) => status === 200).length).toBe(1);
    expect((await server.end(runId)).status).toBe("finished");
  });
});

describe("cancel", () => {
  test("ends a running command with its children", async () => {
    const root = folder({ "sleep.tsx": sleeper });
    const server = await serve(root);
    const runId = await server.start("sleep.tsx");
    await begun(root);
    expect(processesIn(root).length).toBeGreaterThan(1);
    const { status, body } = await server.post(`/v1/runs/${runId}/cancel`);
    expect([status, body]).toEqual([200, { runId }]);
    const run = await server.end(runId);
    expect(run).toMatchObject({ status: "cancelled", runState: { state: "cancelled" }, summary: { cancelled: 1 } });
    await eventually(() => processesIn(root).length === 0);
  });

  test("ends a waiting run", async () => {
    const server = await serve(folder({ "wait.tsx": wait }));
    const runId = await server.start("wait.tsx");
    await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
    expect((await server.post(`/v1/runs/${runId}/cancel`)).status).toBe(200);
    expect(await server.end(runId)).toMatchObject({ status: "cancelled", summary: { cancelled: 1 } });
  });

  test("of a run that has ended is RUN_NOT_ACTIVE", async () => {
    const server = await serve(folder({ "echo.tsx": echo, "wait.tsx": wait }));
    const { runId } = await server.complete("echo.tsx");
    expect(await codeOf(server.post(`/v1/runs/${runId}/cancel`))).toEqual([409, "RUN_NOT_ACTIVE"]);
    const waiting = await server.start("wait.tsx");
    await server.post(`/v1/runs/${waiting}/cancel`);
    await server.end(waiting);
    expect(await codeOf(server.post(`/v1/runs/${waiting}/cancel`))).toEqual([409, "RUN_NOT_ACTIVE"]);
    expect(await codeOf(server.post(`/v1/runs/${waiting}/resume`))).toEqual([409, "RUN_NOT_ACTIVE"]);
  });
});

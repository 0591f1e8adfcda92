import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const wait = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
const correlated = workflowFile(`<WaitForEvent id="w" event="go" correlationId="order-7" output={outputs.result} />`);
const later = workflowFile(`
  <Task id="hold" output={outputs.result}>{async () => { while (!existsSync(ctx.input.gate)) await new Promise((r) => setTimeout(r, 5)); return { value: 0 }; }}</Task>
  <WaitForEvent id="w" event="go" output={outputs.result} />`);

test("a signal continues the run that waits for it, and its data is the output", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  expect((await server.run(runId)).runState.state).toBe("waiting-event");
  const { status, body } = await server.post(`/v1/runs/${runId}/signals/go`, {
    data: { value: 9 },
    receivedBy: "hook",
  });
  expect(status).toBe(200);
  expect(body).toEqual({
    runId,
    signalName: "go",
    seq: expect.any(Number),
    correlationId: null,
    receivedAtMs: expect.any(Number),
  });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 9 } });
});

test("a signal that comes before its wait is kept for it", async () => {
  const root = folder({ "later.tsx": later });
  const server = await serve(root);
  const gate = `${root}/gate`;
  const runId = await server.start("later.tsx", { gate });
  await server.until(runId, ({ type }) => type === "NodeStarted");
  expect((await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: "early" } })).status).toBe(200);
  await Bun.write(gate, "");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "early" } });
});

test("signals are numbered, and a wait takes one of its correlation only", async () => {
  const server = await serve(folder({ "wait.tsx": correlated }));
  const runId = await server.start("wait.tsx");
  const send = async (more: object, value: number) =>
    (await server.post(`/v1/runs/${runId}/signals/go`, { data: { value }, ...more })).body;
  const first = await send({}, 1);
  const second = await send({ correlationId: "order-6" }, 2);
  expect(second.seq).toBeGreaterThan(first.seq);
  expect((await server.run(runId)).status).not.toBe("finished");
  expect((await send({ correlationId: "order-7" }, 3)).correlationId).toBe("order-7");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 3 } });
});

test("a run that has ended takes no signal", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const { runId } = await server.complete("echo.tsx");
  for (const path of [`/v1/runs/${runId}/signals/go`, `/signal/${runId}/go`]) {
    const { status, body } = await server.post(path, { data: {} });
    expect([status, body.error.code]).toEqual([409, "RUN_NOT_ACTIVE"]);
  }
});

import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

test("a failed run names the error's code, message and node, without path or stack", async () => {
  const root = folder({
    "bad.tsx": workflowFile(`
      <Task id="fine" output={outputs.result}>{{ value: 1 }}</Task>
      <Task id="broken" output={outputs.result} noRetry>{() => { throw new Error("it broke"); }}</Task>
      <Task id="after" output={outputs.result}>{{ value: 2 }}</Task>`),
  });
  const server = await serve(root);
  const run = await server.complete("bad.tsx");
  expect(run.status).toBe("failed");
  expect(run.runState.state).toBe("failed");
  expect(run.error).toMatchObject({ code: "TASK_FAILED", message: "it broke", nodeId: "broken" });
  expect(JSON.stringify(run.error)).not.toContain(root);
  expect(run.summary).toEqual({ finished: 1, failed: 1, pending: 1 });
  const [, broken, after] = await server.nodes(run.runId);
  expect(broken).toMatchObject({ state: "failed", output: null, error: { code: "TASK_FAILED", message: "it broke" } });
  expect(after).toMatchObject({ state: "pending", attempt: 0, startedAtMs: null });
});

test("a workflow that throws while it is rendered fails its run, and the server lives", async () => {
  const root = folder({
    "throws.tsx": workflowFile(`<Task id="a" output={outputs.result}>{{ value: ctx.input.no.such }}</Task>`),
    "echo.tsx": echo,
  });
  const server = await serve(root);
  const run = await server.complete("throws.tsx");
  expect(run).toMatchObject({ status: "failed", error: { code: "RENDER_FAILED" } });
  expect(run.error!.message).not.toContain(root);
  expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
});

test("an output that does not fit its schema names the issues", async () => {
  const server = await serve(
    folder({
      "misfit.tsx": workflowFile(
        `<Task id="a" output={outputs.result} retries={0}>{() => ({ value: "text" }) as never}</Task>`,
        { schemas: "result: z.object({ value: z.number() })" },
      ),
    }),
  );
  const { error } = await server.complete("misfit.tsx");
  expect(error).toMatchObject({ code: "INVALID_OUTPUT", nodeId: "a", details: { issues: [{ path: ["value"] }] } });
});

test("a running run is shown as it is", async () => {
  const server = await serve(
    folder({
      "slow.tsx": workflowFile(
        `<Task id="slow" output={outputs.result}>{({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))}</Task>`,
      ),
    }),
  );
  const runId = await server.start("slow.tsx");
  await server.until(runId, ({ type }) => type === "NodeStarted");
  const run = await server.run(runId);
  expect(run).toMatchObject({ status: "running", finishedAtMs: null, summary: { "in-progress": 1 } });
  expect(run.runState.state).toBe("running");
  expect(Object.keys(run)).not.toContain("output");
  expect(Object.keys(run)).not.toContain("error");
  const [node] = await server.nodes(runId);
  expect(node).toMatchObject({ state: "in-progress", attempt: 1, finishedAtMs: null, output: null });
});

test("nodes come in the plan's order, whichever ended first, iterations apart", async () => {
  const server = await serve(
    folder({
      "plan.tsx": workflowFile(`
        <Parallel>
          <Task id="z" output={outputs.result} label="Last letter">{async () => { await new Promise((r) => setTimeout(r, 20)); return { value: 1 }; }}</Task>
          <Task id="a" output={outputs.result}>{{ value: 2 }}</Task>
        </Parallel>
        <Loop id="l" until={ctx.iterationCount("result", "m") >= 2}><Task id="m" output={outputs.result}>{() => ({ value: 3 })}</Task></Loop>
        <Task id="b" output={outputs.result} skipIf>{{ value: 4 }}</Task>`),
    }),
  );
  const run = await server.complete("plan.tsx");
  expect(run.status).toBe("finished");
  const nodes = await server.nodes(run.runId);
  expect(nodes.map(({ nodeId, iteration, state }) => [nodeId, iteration, state])).toEqual([
    ["z", 0, "finished"],
    ["a", 0, "finished"],
    ["m", 0, "finished"],
    ["m", 1, "finished"],
    ["b", 0, "skipped"],
  ]);
  expect(nodes[0]).toEqual({
    nodeId: "z",
    iteration: 0,
    state: "finished",
    label: "Last letter",
    attempt: 1,
    startedAtMs: expect.any(Number),
    finishedAtMs: expect.any(Number),
    output: { value: 1 },
    error: null,
  });
});

test("a run of nothing but literals ends in one turn, and its terminal event is the last", async () => {
  const server = await serve(
    folder({ "static.tsx": workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`) }),
  );
  const runId = await server.start("static.tsx");
  const types: string[] = [];
  for await (const { event } of server.events(runId)) {
    types.push(event.type);
    if (event.type === "RunFinished") break;
  }
  expect(types).toContain("FrameCommitted");
});

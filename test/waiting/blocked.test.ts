import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

test("a run that waits for a decision only for a while says until when", async () => {
  const ask = `<Approval id="ok" output={outputs.decision} request={{ title: "Ship?" }} timeoutMs={60_000} />`;
  const server = await serve(folder({ "w.tsx": workflowFile(ask, { schemas: "decision: approvalDecisionSchema" }) }));
  const runId = await server.start("w.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  const { sinceMs, timesOutAtMs } = (await server.run(runId)).runState.blocked!;
  expect(timesOutAtMs! - sinceMs).toBe(60_000);
});

test("a run whose task keeps failing is unhealthy, in the list too, until the task succeeds", async () => {
  const root = folder({
    "flaky.tsx": workflowFile(
      `<Parallel>
        <Task id="steady" output={outputs.result}>{() => ({ value: 1 })}</Task>
        <Task id="flaky" retries={1000} retryPolicy={{ initialDelayMs: 20, backoff: "fixed" }} output={outputs.result}>
          {() => { if (!existsSync(ctx.input.gate)) throw new Error("no gate"); return { value: 2 }; }}
        </Task>
      </Parallel>
      <WaitForEvent id="w" event="go" output={outputs.result} />`,
    ),
  });
  const server = await serve(root);
  const runId = await server.start("flaky.tsx", { gate: `${root}/gate` });
  await server.until(runId, (event) => event.type === "NodeRetrying" && event.attempt === 2);
  const troubled = {
    state: "running",
    unhealthy: {
      kind: "retrying",
      nodeId: "flaky",
      iteration: 0,
      failures: expect.any(Number),
      reason: expect.stringMatching(/^"flaky" has failed \d+ times and is .*: no gate$/),
    },
  };
  expect((await server.run(runId)).runState).toMatchObject(troubled);
  expect((await server.allRuns())[0]!.runState).toMatchObject(troubled);
  await Bun.write(`${root}/gate`, "");
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  expect((await server.run(runId)).runState.unhealthy).toBeUndefined();
});

import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waiting = {
  approval: `<Approval id="ship it" output={outputs.decision} request={{ title: "Ship?" }} timeoutMs={60_000} />`,
  event: `<WaitForEvent id="w" event="paid/now" output={outputs.result} />`,
  correlated: `<WaitForEvent id="w" event="paid" correlationId="A-17" output={outputs.result} />`,
  timer: `<Timer id="nap" duration="2h" />`,
};
const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";

async function blockedOn(kind: keyof typeof waiting) {
  const server = await serve(folder({ "w.tsx": workflowFile(waiting[kind], { schemas }) }));
  const runId = await server.start("w.tsx");
  await server.until(runId, ({ type, ...event }) => type === "RunStatusChanged" && "status" in event);
  const { runState } = await server.run(runId);
  const [listed] = (await server.get("/v1/runs")).body;
  expect({ ...listed.runState, computedAt: "" }).toEqual({ ...runState, computedAt: "" });
  return { server, runId, runState };
}

test("a run that waits for a decision says for which, since when, and which call unblocks it", async () => {
  const { server, runId, runState } = await blockedOn("approval");
  const path = `/v1/runs/${runId}/nodes/ship%20it`;
  expect(runState).toMatchObject({
    runId,
    state: "waiting-approval",
    blocked: {
      kind: "approval",
      nodeId: "ship it",
      iteration: 0,
      unblock: `POST ${path}/approve or POST ${path}/deny`,
    },
  });
  const { sinceMs, timesOutAtMs } = runState.blocked!;
  expect(timesOutAtMs! - sinceMs).toBe(60_000);
  expect((await server.post(`${path}/approve`)).status).toBe(200);
  expect((await server.end(runId)).runState).toEqual({ runId, state: "succeeded", computedAt: expect.any(String) });
});

test("a run that waits for an event names it", async () => {
  const { server, runId, runState } = await blockedOn("event");
  const path = `/v1/runs/${runId}/signals/paid%2Fnow`;
  expect(runState.blocked).toMatchObject({ kind: "event", nodeId: "w", event: "paid/now", unblock: `POST ${path}` });
  expect((await server.post(path, { data: { value: 1 } })).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
});

test("a run that waits for one event of several of a name says which, and how to send it", async () => {
  const { server, runId, runState } = await blockedOn("correlated");
  const { correlationId, unblock } = runState.blocked!;
  expect(correlationId).toBe("A-17");
  const [, path, body] = /^POST (\S+) with (.*)$/.exec(unblock)!;
  expect((await server.post(path!, { data: { value: 1 }, ...JSON.parse(body!) })).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
});

test("a run whose task fails again and again says so, in the listing too, and is well again when it succeeds", async () => {
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
  expect((await server.get("/v1/runs")).body[0].runState).toMatchObject(troubled);
  await Bun.write(`${root}/gate`, "");
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  expect((await server.run(runId)).runState.unhealthy).toBeUndefined();
});

test("a run that waits for time says until when", async () => {
  const { runState } = await blockedOn("timer");
  const { kind, firesAtMs, sinceMs, unblock } = runState.blocked!;
  expect({ kind, napMs: firesAtMs! - sinceMs }).toEqual({ kind: "timer", napMs: 7_200_000 });
  expect(unblock).toContain(new Date(firesAtMs!).toISOString());
});

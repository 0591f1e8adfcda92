import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waiting = {
  approval: `<Approval id="ship it" output={outputs.decision} request={{ title: "Ship?" }} timeoutMs={60_000} />`,
  event: `<WaitForEvent id="w" event="paid/now" output={outputs.result} />`,
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

test("a run that waits for time says until when", async () => {
  const { runState } = await blockedOn("timer");
  const { kind, firesAtMs, sinceMs, unblock } = runState.blocked!;
  expect({ kind, napMs: firesAtMs! - sinceMs }).toEqual({ kind: "timer", napMs: 7_200_000 });
  expect(unblock).toContain(new Date(firesAtMs!).toISOString());
});

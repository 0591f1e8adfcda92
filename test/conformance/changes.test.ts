import { expect, test } from "bun:test";
import type { RunListItem } from "../../src/api/index.ts";
import { readEventStream } from "../../src/client/event-stream.ts";
import { file, newId, target } from "./target.ts";

interface Change {
  readonly event: string;
  readonly data: RunListItem;
  readonly atMs: number;
}

/** The stream of changes, from its head on; ends with `leave`. */
async function changes() {
  const leave = new AbortController();
  const response = await target.send("GET", "/v1/changes", { signal: leave.signal });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const seen: Change[] = [];
  async function* read() {
    try {
      for await (const { event, data } of readEventStream(response.body!)) {
        const change = { event, data: JSON.parse(data), atMs: performance.now() };
        seen.push(change);
        yield change;
      }
    } catch (error) {
      if (!leave.signal.aborted) throw error;
    }
  }
  const stream = read();
  return {
    seen,
    leave: () => leave.abort(),
    async until(fits: (change: Change) => boolean): Promise<Change> {
      for (;;) {
        const { value, done } = await stream.next();
        if (done) throw new Error("the stream of changes has ended");
        if (fits(value)) return value;
      }
    },
  };
}

const isEnd = (runId: string) => (change: Change) =>
  change.event === "run" && change.data.finishedAtMs !== null && change.data.runId === runId;

test("GET /v1/changes sends a run's list item when it changes, the last one as the list has it", async () => {
  const { until, seen, leave } = await changes();
  const runId = await target.start(file("wait"));
  await until(({ data }) => data.runId === runId && data.status === "waiting-event");
  await target.post(`/v1/runs/${runId}/signals/paid%2Fnow`, { data: { value: 1 } });
  const { data } = await until(isEnd(runId));
  leave();
  const listed = (await target.get("/v1/runs?limit=1000")).body.find((run: RunListItem) => run.runId === runId);
  const plain = ({ runState: { computedAt: _, ...runState }, ...run }: RunListItem) => ({ ...run, runState });
  expect(plain(data)).toEqual(plain(listed));
  expect(seen.every(({ event }) => event === "run" || event === "approvals")).toBe(true);
});

test("GET /v1/changes says when the pending approvals have changed: asked, and decided", async () => {
  const { until, leave } = await changes();
  const runId = await target.start(file("ask"));
  const pending = async () =>
    (await target.get("/v1/approvals?limit=1000")).body.approvals.filter((one: RunListItem) => one.runId === runId);
  const isApprovals = ({ event }: Change) => event === "approvals";
  const { data } = await until(isApprovals);
  expect(data as unknown).toEqual({});
  while ((await pending()).length === 0) await until(isApprovals);
  await target.post(`/v1/runs/${runId}/nodes/${encodeURIComponent("ship/it 100%")}/approve`);
  while ((await pending()).length > 0) await until(isApprovals);
  leave();
});

test("GET /v1/changes sends at most ten items a second of one run, and the latest wins", async () => {
  const { until, seen, leave } = await changes();
  const runId = await target.start(file("wait"), { order: "none" });
  await until(({ data }) => data.runId === runId && data.status === "waiting-event");
  const beganMs = performance.now();
  // Each signal is a commit of its own; none of them is for the wait.
  for (let n = 0; n < 60; n += 1) await target.post(`/v1/runs/${runId}/signals/paid%2Fnow`, { correlationId: newId() });
  await target.post(`/v1/runs/${runId}/cancel`);
  const { data, atMs } = await until(isEnd(runId));
  leave();
  expect(data.status).toBe("cancelled");
  const told = seen.filter((change) => change.data.runId === runId && change.atMs >= beganMs);
  expect(told.length).toBeLessThanOrEqual(Math.ceil((atMs - beganMs) / 100) + 2);
});

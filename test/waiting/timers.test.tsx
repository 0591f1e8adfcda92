/** @jsxImportSource smithers-orchestrator */
import { afterEach, expect, jest, spyOn, test } from "bun:test";
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Loop,
  Parallel,
  Timer,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { runtime } from "../../src/runtime/index.ts";
import { testOnFile } from "../support/database.ts";
import { inStore, run } from "../support/run.ts";

const { smithers, outputs, Task, WaitForEvent } = createSmithers({
  result: z.object({ value: z.number() }),
  decision: approvalDecisionSchema,
});

afterEach(() => void jest.restoreAllMocks());

const timerOf = (props: Parameters<typeof Timer>[0]) =>
  smithers(() => (
    <Workflow name="test">
      <Task id="before" output={outputs.result}>
        {{ value: 1 }}
      </Task>
      <Timer {...props} />
    </Workflow>
  ));

test.each([
  ["a duration of nothing", { duration: "0ms" }],
  ["a fraction of a millisecond", { duration: 0.4 }],
  ["a few milliseconds", { duration: "5ms" }],
  ["a date in the past", { until: new Date(0) }],
  ["a time in the past as text", { until: "2001-01-01T00:00:00Z" }],
  ["a time in the past in milliseconds", { until: 1 }],
  ["a time in the past without seconds", { until: "2001-01-01T00:00Z" }],
  ["a Temporal.Instant in the past", { until: { epochMilliseconds: 1 } }],
])("a timer of %s fires, and the run's output stays the task's", async (_, props) => {
  const ran = await run(timerOf({ id: "t", ...props }));
  expect(ran).toMatchObject({ status: "finished", states: { t: "finished" }, output: { value: 1 } });
  const types = ran.events.filter((event) => "nodeId" in event && event.nodeId === "t").map(({ type }) => type);
  expect(types).toEqual(["NodePending", "TimerCreated", "NodeWaitingTimer", "TimerFired", "NodeFinished"]);
});

test.each([
  [{}, "exactly one of duration and until"],
  [{ duration: "1s", until: 1 }, "exactly one of duration and until"],
  [{ duration: "soon" }, '"soon" is not a duration'],
  [{ duration: -1 }, "-1 is not a duration"],
  [{ duration: Number.POSITIVE_INFINITY }, "Infinity is not a duration"],
  [{ until: "tomorrow" }, '"tomorrow" is not a date'],
  [{ until: null as never }, "null is not a date"],
])("a timer of %j is refused", async (props, message) => {
  const ran = await run(timerOf({ id: "t", ...props } as never));
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain(message);
});

test("a timer in a loop waits in each iteration", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop id="l" until={ctx.iterationCount("result", "poll") >= 3}>
          <Timer id="pause" duration="2ms" />
          <Task id="poll" output={outputs.result}>
            {() => ({ value: ctx.iteration })}
          </Task>
        </Loop>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(ran.of("TimerFired").map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
});

test("waits of months and without end keep waiting, and a cancellation ends them all", async () => {
  const caller = new AbortController();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Timer id="days" duration="60d" />
          <Timer id="far" duration={Number.MAX_SAFE_INTEGER} />
          <Approval id="ask" output={outputs.decision} request={{ title: "?" }} timeoutMs={Number.MAX_SAFE_INTEGER} />
          <WaitForEvent id="event" event="e" output={outputs.result} timeoutMs={5_000_000_000.5} />
          <Task id="busy" output={outputs.result}>
            {({ signal }) =>
              new Promise((_, reject) => {
                signal.addEventListener("abort", () => reject(signal.reason));
                setTimeout(() => caller.abort(), 20);
              })
            }
          </Task>
        </Parallel>
      </Workflow>
    )),
    { signal: caller.signal },
  );
  expect(ran.status).toBe("cancelled");
  expect(new Set(Object.values(ran.states))).toEqual(new Set(["cancelled"]));
  expect(ran.of("TimerCancelled").map(({ nodeId }) => nodeId)).toEqual(["days", "far"]);
  expect(ran.of("NodeCancelled")).toHaveLength(5);
  const [days, far] = ran.of("TimerCreated");
  expect(days!.firesAtMs - days!.timestampMs).toBe(60 * 86_400_000);
  expect(() => new Date(far!.firesAtMs).toISOString()).not.toThrow();
  const stored = await inStore(ran.db, (store) => store.loadRun(ran.runId));
  expect(stored?.approvals).toMatchObject([{ status: "cancelled" }]);
});

/** Lets days pass at once: a long timer fires as if its time were over, and the clocks say so. */
function daysPassAtOnce(): number[] {
  const delays: number[] = [];
  let passedMs = 0;
  const realTimeout = globalThis.setTimeout;
  const [performanceNow, dateNow] = [performance.now.bind(performance), Date.now.bind(Date)];
  const steadyNow = runtime.steadyClock.nowMs.bind(runtime.steadyClock);
  spyOn(performance, "now").mockImplementation(() => performanceNow() + passedMs);
  spyOn(Date, "now").mockImplementation(() => dateNow() + passedMs);
  spyOn(runtime.steadyClock, "nowMs").mockImplementation(() => steadyNow() + passedMs);
  spyOn(globalThis, "setTimeout").mockImplementation(((fire: () => void, delayMs = 0) => {
    if (delayMs < 3_600_000) return realTimeout(fire, delayMs);
    delays.push(delayMs);
    return realTimeout(() => {
      passedMs += Math.round(delayMs);
      fire();
    }, 0);
  }) as unknown as typeof setTimeout);
  return delays;
}

testOnFile("a task's timeout of months is kept", async () => {
  const delays = daysPassAtOnce();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="slow" output={outputs.result} timeoutMs={60 * 86_400_000} retries={0}>
          {() => new Promise<never>(() => {})}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "TASK_TIMEOUT" } });
  expect(delays.length).toBe(3);
  expect(Math.max(...delays)).toBeLessThan(2 ** 31);
});

testOnFile("a timer of months next to a running task fires when it is due", async () => {
  const delays = daysPassAtOnce();
  const fired = Promise.withResolvers<{ value: number }>();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Timer id="days" duration="60d" />
          <Task id="busy" output={outputs.result}>
            {() => fired.promise}
          </Task>
        </Parallel>
      </Workflow>
    )),
    { onProgress: ({ type }) => type === "TimerFired" && fired.resolve({ value: 1 }) },
  );
  expect(ran.status).toBe("finished");
  expect(Math.max(...delays)).toBeLessThan(2 ** 31);
});

import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { FakedClock } from "../support/faked-clock.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { needs } from "../support/programs.ts";
import { inStore } from "../support/run.ts";
import { workflowFile } from "../support/workflows.ts";

const testWithClock = needs("faketime");
const hour = 3_600;

const long = workflowFile(
  `<Task id="a" output={outputs.result}>{async (task) => { appendFileSync("ledger", ctx.runId + " start\\n"); await fileAt("go", task.signal); appendFileSync("ledger", ctx.runId + " end\\n"); return { value: task.attempt }; }}</Task>`,
);
const waits = workflowFile(
  `{ctx.input.k === "retry" && <Task id="a" output={outputs.result} retries={3} retryPolicy={{ backoff: "fixed", initialDelayMs: 2000 }}>{(task) => { if (task.attempt < 2) throw new Error("again"); return { value: task.attempt }; }}</Task>}
   {ctx.input.k === "timer" && <Timer id="a" duration={ctx.input.for ?? "2s"} />}
   {ctx.input.k === "gate" && <Approval id="a" output={outputs.decision} request={{ title: "ok?" }} timeoutMs={ctx.input.ms ?? 2000} onDeny="fail" />}
   {ctx.input.k === "event" && <WaitForEvent id="a" event="e" output={outputs.result} timeoutMs={ctx.input.ms ?? 2000} onTimeout="skip" />}
   {ctx.input.k === "date" && <Timer id="a" until={ctx.input.until} />}
   {ctx.input.k === "mixed" && <Parallel><Timer id="a" until={ctx.input.until} /><Timer id="b" duration="9h" /></Parallel>}`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
const beside = workflowFile(
  `<Parallel>
     <Task id="busy" output={outputs.result}>{async (task) => { await fileAt("go", task.signal); return { value: 1 }; }}</Task>
     <Sequence><Timer id="tm" until={ctx.input.until} /><Task id="after" output={outputs.result}>{() => ({ value: 2 })}</Task></Sequence>
   </Parallel>`,
);

const start = (root: string, clock: FakedClock, options: object = {}) =>
  ServerProcess.start(
    root,
    {
      SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 200, staleAfterMs: 1_500, ...options }),
      SMITHERS_LOG_LEVEL: "warn",
      ...clock.env,
    },
    { captureLog: true },
  );

const linesOf = (root: string, word: string) =>
  existsSync(join(root, "ledger"))
    ? readFileSync(join(root, "ledger"), "utf8")
        .split("\n")
        .filter((line) => line.endsWith(word))
    : [];

const inAnHour = () => new Date(Date.now() + hour * 1_000).toISOString();

testWithClock(
  "runs stay with their owners while the clock of two servers is set forward and back, again and again",
  async () => {
    const root = folder({ "long.tsx": long });
    const clock = new FakedClock();
    const options = { isolation: "none" };
    const [first, second] = await Promise.all([start(root, clock, options), start(root, clock, options)]);
    const runIds = await Promise.all([first, first, second, second].map((server) => server.start("long.tsx")));
    await eventually(() => linesOf(root, "start").length === 4);
    for (const hours of [1, 2, 3, 4, 2, -2, 0, 2, -2, 8]) {
      clock.set(hours * hour);
      // As long as it takes both servers to write a heartbeat, and to look at the other's.
      await Bun.sleep(330);
    }
    await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 200, ...options }), ...clock.env });
    await Bun.sleep(500);
    await Bun.write(join(root, "go"), "");
    for (const runId of runIds)
      expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: 1 } });
    expect([linesOf(root, "start").length, linesOf(root, "end").length]).toEqual([4, 4]);
    // The runs of an owner that has ended are taken as ever.
    clock.set(-2 * hour);
    const left = await first.start("long.tsx", {}, { runId: "left" });
    await first.kill();
    expect((await second.end(left)).status).toBe("finished");
  },
);

testWithClock("a clock that is set back by two hours delays no retry, timer, gate or wait for an event", async () => {
  const root = folder({ "waits.tsx": waits });
  const clock = new FakedClock();
  const server = await start(root, clock, { maxWorkers: 1 });
  // The first run loads the file, so that none has waited for long when the clock is set.
  await server.complete("waits.tsx", { k: "none" });
  const ids = ["retry", "timer", "gate", "event"];
  for (const k of ids) await server.start("waits.tsx", { k }, { runId: k });
  for (const k of ids) await server.until(k, ({ type }) => /^Node(Retrying|Waiting)/.test(type));
  clock.set(-2 * hour);
  for (const k of ids) {
    // A delay of hours would outlast the test.
    const { status, finishedAtMs } = await server.end(k);
    expect([k, status]).toEqual([k, k === "gate" ? "failed" : "finished"]);
    // It was still waiting when the clock was set back.
    expect(finishedAtMs).toBeLessThan(Date.now() - hour * 1_000);
  }
});

testWithClock("a clock that is set forward ends no duration, also not for a server that starts after it", async () => {
  const root = folder({ "waits.tsx": waits });
  const clock = new FakedClock();
  const first = await start(root, clock, { isolation: "none" });
  const ids = ["timer", "gate", "event"];
  for (const k of ids) {
    await first.start("waits.tsx", { k }, { runId: k });
    await first.start("waits.tsx", { k, for: "1h", ms: hour * 1_000 }, { runId: `long-${k}` });
  }
  await first.start("waits.tsx", { k: "date", until: inAnHour() }, { runId: "date" });
  for (const k of [...ids, ...ids.map((k) => `long-${k}`), "date"])
    await first.until(k, ({ type }) => type.startsWith("NodeWaiting"));
  await first.kill();
  clock.set(2 * hour);
  const second = await start(root, clock, { isolation: "none" });
  // What the clock alone decides, and durations of two seconds, come; an hour has not passed.
  for (const k of ["date", ...ids]) await second.end(k);
  for (const k of ids) {
    const { status } = await second.run(`long-${k}`);
    expect([k, status]).toEqual([k, expect.stringMatching(/^waiting-/)]);
  }
});

testWithClock(
  "a date comes when a clock that is set forward shows it, next to a running task and in a parked run",
  async () => {
    const root = folder({ "beside.tsx": beside, "waits.tsx": waits });
    const clock = new FakedClock();
    const server = await start(root, clock, { maxWorkers: 1 });
    const until = inAnHour();
    const busy = await server.start("beside.tsx", { until });
    const parked = await server.start("waits.tsx", { k: "date", until });
    const mixed = await server.start("waits.tsx", { k: "mixed", until });
    for (const runId of [busy, parked, mixed]) await server.until(runId, ({ type }) => type === "NodeWaitingTimer");
    clock.set(2 * hour);
    // Without the jump, the date is an hour away.
    await server.until(busy, (event) => event.type === "NodeFinished" && event.nodeId === "after");
    await server.end(parked);
    await server.until(mixed, ({ type }) => type === "TimerFired");
    const nodes = await server.nodes(mixed);
    expect(nodes.map(({ nodeId, state }) => [nodeId, state])).toEqual([
      ["a", "finished"],
      ["b", "waiting-timer"],
    ]);
  },
);

testWithClock("no run is removed while the clock is 40 days ahead, neither by a server nor by gc", async () => {
  const root = folder({ "long.tsx": long, go: "" });
  const clock = new FakedClock();
  const first = await start(root, clock, { retention: "30d", isolation: "none" });
  await first.complete("long.tsx");
  // The first look at the clock is over: the second server finds what it noted.
  const noted = () =>
    inStore(join(root, "smithers.db"), async ({ maintenance }) => (await maintenance.seenClocks()).believed);
  await eventually(noted);
  await first.kill();
  clock.set(40 * 24 * hour);
  const second = await start(root, clock, { retention: "30d", isolation: "none" });
  await eventually(() => second.log.includes("has jumped"));
  const gc = await startSmithers(["gc", "--older-than", "30d"], { cwd: root, env: { ...clock.env } }).ended;
  expect([gc.code, gc.err]).toEqual([1, expect.stringContaining("clock")]);
  expect(await second.allRuns()).toHaveLength(1);
  await second.kill();

  clock.set(0);
  const third = await start(root, clock, { retention: 0, isolation: "none" });
  await eventually(async () => (await third.allRuns()).length === 0);
});

import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterMs, sleep, stopwatch, waitAtMost, withTimeout, yieldToEventLoop } from "../../src/timing/index.ts";
import { maxTimerMs } from "../../src/timing/long-timer.ts";

const never = new Promise<never>(() => {});

test("a sleep takes at least its time, and none when it is 0 or negative", async () => {
  const elapsedMs = stopwatch();
  await sleep(30);
  expect(elapsedMs()).toBeGreaterThanOrEqual(30);
  await sleep(0);
  await sleep(-5);
});

test("an aborted sleep rejects at once with the signal's reason", async () => {
  const reason = new Error("over");
  const controller = new AbortController();
  const elapsedMs = stopwatch();
  const slept = sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(slept).rejects.toBe(reason);
  await expect(sleep(60_000, controller.signal)).rejects.toBe(reason);
  await expect(sleep(0, controller.signal)).rejects.toBe(reason);
  expect(elapsedMs()).toBeLessThan(5_000);
});

test.each([maxTimerMs + 1, 10 * maxTimerMs, Number.POSITIVE_INFINITY])(
  "a delay of %d ms does not end at once",
  async (ms) => {
    let fired = false;
    const cancel = afterMs(ms, () => (fired = true));
    expect(await waitAtMost(20, sleep(ms))).toBe(false);
    expect(fired).toBe(false);
    cancel();
  },
);

test("a timer fires once, and not after it was cancelled", async () => {
  const fired: string[] = [];
  afterMs(5, () => fired.push("kept"));
  const cancel = afterMs(5, () => fired.push("cancelled"));
  cancel();
  await sleep(30);
  expect(fired).toEqual(["kept"]);
});

test("work that settles in time gives its value or its error", async () => {
  expect(await withTimeout(60_000, Promise.resolve(7), () => new Error("late"))).toBe(7);
  expect(await waitAtMost(60_000, yieldToEventLoop())).toBe(true);
  const error = new Error("own");
  await expect(withTimeout(60_000, Promise.reject(error), () => new Error("late"))).rejects.toBe(error);
  await expect(waitAtMost(60_000, Promise.reject(error))).rejects.toBe(error);
});

test("work that is late gives the deadline's error, and its own is ignored", async () => {
  const late = new Error("late");
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const failing = sleep(20).then(() => Promise.reject(new Error("own")));
  await expect(withTimeout(1, failing, () => late)).rejects.toBe(late);
  expect(await waitAtMost(1, never)).toBe(false);
  await sleep(40);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("a deadline that was met leaves no timer behind: the process can end", async () => {
  const program = `
    import { sleep, waitAtMost, withTimeout } from "${import.meta.dirname}/../../src/timing/index.ts";
    const late = () => new Error("late");
    await withTimeout(3_600_000, Promise.resolve(), late);
    await withTimeout(3_600_000, Promise.reject(new Error("own")), late).catch(() => {});
    await waitAtMost(3_600_000, Promise.resolve());
    const controller = new AbortController();
    const slept = sleep(3_600_000, controller.signal).catch(() => {});
    controller.abort();
    await slept;
    console.log("done");`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  const inTime = await waitAtMost(30_000, once(child, "close"));
  child.kill("SIGKILL");
  expect([said, inTime]).toEqual(["done\n", true]);
});

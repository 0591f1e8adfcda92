import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  firstWake,
  type Moment,
  msUntil,
  msUntilRun,
  noWake,
  type Wake,
  wakeAfter,
  wakeOn,
} from "../../src/model/index.ts";
import { moment } from "../../src/runtime/index.ts";

const began: Moment = { nowMs: 1_000_000, steadyMs: 500.4, steadyClock: "boot" };
const later = (passedMs: number, setMs = 0): Moment => ({
  ...began,
  nowMs: began.nowMs + passedMs + setMs,
  steadyMs: began.steadyMs + passedMs,
});
const hourMs = 3_600_000;

test("a duration ends when it has passed, however the wall clock was set", () => {
  const wake = wakeAfter(began, 2_000);
  for (const setMs of [0, 2 * hourMs, -2 * hourMs]) {
    expect(msUntil(wake, later(1_999, setMs))).toBeGreaterThan(0);
    expect(msUntil(wake, later(2_001, setMs))).toBeLessThanOrEqual(0);
  }
});

test("a duration of nothing is over at once", () => {
  expect(msUntil(wakeAfter(began, 0), began)).toBeLessThanOrEqual(0);
});

test("a date comes when the wall clock shows it", () => {
  const wake = wakeOn(began.nowMs + hourMs);
  expect(msUntil(wake, later(10, hourMs))).toBe(-10);
  expect(msUntil(wake, later(hourMs, -hourMs))).toBe(hourMs);
});

test("a duration that began by another steady clock is judged by the wall clock", () => {
  const wake = wakeAfter(began, 2_000);
  expect(msUntil(wake, { ...later(1_500), steadyMs: 0, steadyClock: "next boot" })).toBe(500);
});

test("what never comes is infinitely far away", () => {
  expect(msUntil(noWake, began)).toBe(Number.POSITIVE_INFINITY);
  expect(msUntilRun(firstWake([], began), began)).toBe(Number.POSITIVE_INFINITY);
});

test("a run is due exactly when the first of its waits is, by whatever clock each is judged", () => {
  const atMs = fc.integer({ min: -10_000, max: 10_000 });
  const wakes: fc.Arbitrary<Wake> = fc.oneof(
    fc.constant(noWake),
    atMs.map((ms) => wakeOn(began.nowMs + ms)),
    fc.nat(10_000).map((ms) => wakeAfter(began, ms)),
    fc.nat(10_000).map((ms) => wakeAfter({ ...began, steadyClock: "former boot" }, ms)),
  );
  fc.assert(
    fc.property(fc.array(wakes, { maxLength: 6 }), fc.nat(10_000), atMs, (list, passedMs, setMs) => {
      const now = later(passedMs, setMs);
      const first = Math.min(...list.map((wake) => msUntil(wake, now)));
      expect(msUntilRun(firstWake(list, began), now)).toBe(first);
    }),
  );
});

test("the steady clock runs at the pace of the wall clock, under one name", async () => {
  const before = moment();
  const differences: number[] = [];
  // On a busy machine the process may stand still between the readings of the two clocks.
  for (let n = 0; n < 5; n += 1) {
    await Bun.sleep(10);
    const after = moment();
    expect(after.steadyClock).toBe(before.steadyClock);
    differences.push(Math.abs(after.steadyMs - before.steadyMs - (after.nowMs - before.nowMs)));
  }
  expect(Math.min(...differences)).toBeLessThan(25);
});

test("processes of one host share the steady clock", async () => {
  const code = `console.log(JSON.stringify((await import(${JSON.stringify(require.resolve("../../src/runtime/index.ts"))})).moment()))`;
  const before = moment();
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  const there: Moment = JSON.parse(await new Response(child.stdout).text());
  const after = moment();
  expect(there.steadyClock).toBe(before.steadyClock);
  expect(there.steadyMs).toBeGreaterThanOrEqual(before.steadyMs);
  expect(there.steadyMs).toBeLessThanOrEqual(after.steadyMs);
});

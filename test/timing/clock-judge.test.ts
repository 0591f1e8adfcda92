import { describe, expect, test } from "bun:test";
import { judgeClock } from "../../src/engine/background/clock-judge.ts";
import type { Moment } from "../../src/model/index.ts";
import type { SeenClocks } from "../../src/store/index.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** A moment so long after the start, by the steady clock, with the wall clock set forward or back. */
const at = (passedMs: number, setMs = 0, steadyClock = "boot"): Moment => ({
  nowMs: 100 * day + passedMs + setMs,
  steadyMs: passedMs,
  steadyClock,
});

/** Judges one moment after the other, as passes do, and tells for each whether the clock was believed. */
function judged(...moments: Moment[]): boolean[] {
  let seen: SeenClocks = { believed: null, doubted: null };
  return moments.map((now) => {
    const judgement = judgeClock(seen, now);
    seen = judgement.seen;
    return judgement.jumpMs === null;
  });
}

describe("the wall clock is believed", () => {
  test.each<[string, Moment[]]>([
    ["at first", [at(0)]],
    ["while it goes as the steady clock does", [at(0), at(hour), at(60 * day)]],
    ["after a small correction", [at(0), at(hour, 60_000), at(2 * hour, -60_000)]],
    ["after the host was off for a night", [at(0), at(1_000, 14 * hour, "next boot")]],
  ])("%s", (_, moments) => {
    expect(judged(...moments).every(Boolean)).toBe(true);
  });
});

describe("the wall clock is not believed", () => {
  test.each<[string, Moment]>([
    ["40 days ahead", at(hour, 40 * day)],
    ["two hours ahead", at(hour, 2 * hour)],
    ["two hours behind", at(hour, -2 * hour)],
    ["40 days ahead after a boot", at(10, 40 * day, "next boot")],
    ["behind after a boot", at(10, -2 * hour, "next boot")],
  ])("%s", (_, now) => {
    expect(judged(at(0), now)).toEqual([true, false]);
  });

  test("again and again, also by processes that start later", () => {
    expect(judged(at(0), at(hour, 40 * day), at(2 * hour, 40 * day), at(2 * hour, 41 * day))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

test("a jump is believed once the clock has gone evenly for a day", () => {
  expect(judged(at(0), at(hour, 40 * day), at(24 * hour, 40 * day), at(25 * hour, 40 * day))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test("a clock that is set right is believed at once", () => {
  expect(judged(at(0), at(hour, 40 * day), at(2 * hour))).toEqual([true, false, true]);
});

test("a jump of the clock is reported once", () => {
  const first = judgeClock({ believed: at(0), doubted: null }, at(hour, 40 * day));
  expect([first.isNew, first.jumpMs]).toEqual([true, 40 * day]);
  expect(judgeClock(first.seen, at(2 * hour, 40 * day)).isNew).toBe(false);
});

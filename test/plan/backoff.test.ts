import { expect, test } from "bun:test";
import { retryDelayMs } from "../../src/plan/index.ts";

const middle = 0.5;

const table: ["exponential" | "linear" | "fixed", number[]][] = [
  ["exponential", [100, 200, 400, 800, 1600]],
  ["linear", [100, 200, 300, 400, 500]],
  ["fixed", [100, 100, 100, 100, 100]],
];

test.each(table)("%s delays grow from one failure to the next like %j", (backoff, delays) => {
  const retry = { retries: 5, backoff, initialDelayMs: 100 };
  expect([1, 2, 3, 4, 5].map((failures) => retryDelayMs(retry, failures, middle))).toEqual(delays);
});

test("a delay is spread by a quarter to both sides", () => {
  const retry = { retries: 5, backoff: "exponential", initialDelayMs: 1_000 } as const;
  expect([0, 0.999_999].map((random) => retryDelayMs(retry, 1, random))).toEqual([750, 1_250]);
});

test("no delay grows beyond five minutes, and none overflows", () => {
  const retry = { retries: 5_000, backoff: "exponential", initialDelayMs: 1_000 } as const;
  expect(retryDelayMs(retry, 20, middle)).toBe(300_000);
  expect(retryDelayMs(retry, 5_000, middle)).toBe(300_000);
  expect(retryDelayMs({ ...retry, initialDelayMs: 0 }, 5_000, middle)).toBe(0);
});

test("a first delay of more than five minutes is honoured, and does not grow", () => {
  const retry = { retries: 5, backoff: "exponential", initialDelayMs: 3_600_000 } as const;
  expect([1, 2, 5_000].map((failures) => retryDelayMs(retry, failures, middle))).toEqual(Array(3).fill(3_600_000));
});

import { afterEach, expect, jest, test } from "bun:test";
import { Spare } from "../../src/workers/spare.ts";

afterEach(() => {
  jest.useRealTimers();
});

/** A spare of a pool without workers: one that a run uses is no spare. */
function pool() {
  jest.useFakeTimers();
  let free = 0;
  let started = 0;
  const start = () => {
    started += 1;
    free += 1;
  };
  const log = { warn() {} } as never;
  const spare = new Spare({ log, isMissing: () => free === 0, add: start });
  const run = () => {
    if (free === 0) start();
    free -= 1;
    spare.keep();
  };
  return { spare, run, started: () => started };
}

test("a server without runs starts one worker, and the next one some time after a run has taken it", () => {
  const { spare, run, started } = pool();
  spare.begin();
  jest.advanceTimersByTime(10_000);
  expect(started()).toBe(1);
  run();
  jest.advanceTimersByTime(1_000);
  expect(started()).toBe(1);
  jest.advanceTimersByTime(1_000);
  expect(started()).toBe(2);
});

test.each(["before", "after"])("a run that comes right %s the server begins has its worker for itself", (when) => {
  const { spare, run, started } = pool();
  if (when === "before") run();
  spare.begin();
  if (when === "after") run();
  jest.advanceTimersByTime(1_000);
  expect(started()).toBe(1);
  jest.advanceTimersByTime(1_000);
  expect(started()).toBe(2);
});

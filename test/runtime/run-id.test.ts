import { expect, setSystemTime, test } from "bun:test";
import { newRunId } from "../../src/runtime/index.ts";
import { afterThisTest } from "../support/cleanup.ts";

test("ids of runs sort in the order of their making, also within a millisecond and when the clock goes back", () => {
  afterThisTest(() => setSystemTime());
  const now = Date.now() + 60_000;
  const ids = [0, 0, 0, 1, -5_000, -5_000, 2].flatMap((laterMs) => {
    setSystemTime(now + laterMs);
    return Array.from({ length: 100 }, newRunId);
  });
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

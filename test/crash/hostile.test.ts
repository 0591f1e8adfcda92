import { expect, test } from "bun:test";
import { crashRound } from "./campaign.ts";

test("runs whose code harms others where it can cost no other run an attempt", async () => {
  const seed = Date.now() % 1_000_000;
  const { seen, wrong, log } = await crashRound({
    seed,
    kills: 0,
    servers: 1,
    workers: 2,
    hostile: true,
    calmStarts: 80,
  });
  expect(wrong, `seed ${seed}\n${log}`).toEqual([]);
  expect(seen.hostileRuns).toBeGreaterThan(10);
  expect(seen.runs.finished).toBeGreaterThan(20);
  expect(seen.runs.failed).toBeGreaterThan(0);
}, 120_000);

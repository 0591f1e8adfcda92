import { expect, test } from "bun:test";
import { crashRound } from "./campaign.ts";

test("nothing is lost when workers are killed, stopped and blocked, and their servers are killed too", async () => {
  const seed = Date.now() % 1_000_000;
  const { history, seen, wrong, log } = await crashRound({
    seed,
    kills: 6,
    servers: 1,
    workers: 2,
    hurtsWorkers: true,
  });
  if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
  expect(wrong).toEqual([]);
  expect(history.hurtWorkers).toBeGreaterThan(3);
  expect(seen.tasksFinished).toBeGreaterThan(0);
});

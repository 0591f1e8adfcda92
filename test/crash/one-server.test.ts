import { expect, test } from "bun:test";
import { crashRound } from "./campaign.ts";

test("nothing is lost when a server is killed ten times, at random and at named points", async () => {
  const seed = Date.now() % 1_000_000;
  const { history, seen, wrong, log } = await crashRound({ seed, kills: 10, servers: 1, workers: 2 });
  if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
  expect(wrong).toEqual([]);
  expect(history.killed).toBeGreaterThanOrEqual(10);
  expect(seen.tasksFinished).toBeGreaterThan(0);
});

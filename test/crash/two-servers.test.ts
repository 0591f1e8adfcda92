import { expect, test } from "bun:test";
import { crashRound } from "./campaign.ts";

test("nothing is lost when two servers on one database, which execute runs themselves, are killed in turn, ten times", async () => {
  const seed = Date.now() % 1_000_000;
  const { history, seen, wrong, log } = await crashRound({ seed, kills: 10, servers: 2, workers: 0 });
  if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
  expect(wrong).toEqual([]);
  expect(history.killed).toBeGreaterThanOrEqual(10);
  expect(seen.tasksFinished).toBeGreaterThan(0);
});

import { expect, test } from "bun:test";
import { faultPoints } from "../support/fault.ts";
import { crashRound } from "./campaign.ts";

test("nothing is lost when two servers on one database, which execute runs themselves, are killed in turn, eight times", async () => {
  const seed = Date.now() % 1_000_000;
  const { history, seen, wrong, log } = await crashRound({ seed, kills: 8, servers: 2, workers: 0 });
  if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
  expect(wrong).toEqual([]);
  expect(history.killed).toBeGreaterThanOrEqual(8);
  expect([...history.kills.keys()]).toEqual(expect.arrayContaining([...faultPoints]));
  expect(seen.tasksFinished).toBeGreaterThan(0);
});

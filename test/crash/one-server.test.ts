import { expect, test } from "bun:test";
import { crashRound } from "./campaign.ts";

test("nothing is lost when a server is killed eight times, at random and at named points, and its workers are killed, stopped and blocked", async () => {
  const seed = Date.now() % 1_000_000;
  const { history, seen, wrong, log } = await crashRound({
    seed,
    kills: 8,
    servers: 1,
    workers: 2,
    hurtsWorkers: true,
  });
  if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
  expect(wrong).toEqual([]);
  expect(history.killed).toBeGreaterThanOrEqual(8);
  // A launch kills the worker that comes to it, and not the server.
  expect([...history.kills.keys()]).toEqual(
    expect.arrayContaining(["migration", "before-commit", "after-commit", "mirror"]),
  );
  expect(history.hurtWorkers).toBeGreaterThan(3);
  expect(seen.tasksFinished).toBeGreaterThan(0);
});

import { describe, expect, test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { isSlowSet } from "../support/postgres.ts";
import { crashRound } from "./campaign.ts";

describe.skipIf(!isSlowSet || !canRun("postgres"))("on Postgres", () => {
  test("nothing is lost when servers, their networks, their clocks and Postgres fail", async () => {
    const seed = Date.now() % 1_000_000;
    const { history, seen, wrong, log } = await crashRound({
      seed,
      kills: 12,
      servers: 2,
      pauses: true,
      postgres: true,
    });
    if (wrong.length > 0) console.error(`seed ${seed}\n${log}`);
    expect(wrong).toEqual([]);
    expect(history.faults).toBeGreaterThanOrEqual(12);
    expect(seen.tasksFinished).toBeGreaterThan(0);
    // A minute alone, and several next to other tests.
  }, 300_000);
});

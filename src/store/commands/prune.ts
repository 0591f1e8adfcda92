import type { Driver } from "../driver.ts";
import { releaseTree } from "../trees.ts";

/** Events removed in one transaction, unless one run alone has more. */
const batchEvents = 5_000;
const batchRuns = 100;

/**
 * Removes some of the runs that ended before `endedBeforeMs`, with all that belongs to them, the oldest first.
 * @returns how many; 0 when none is left
 */
export function pruneBatch(driver: Driver, endedBeforeMs: number): number {
  const old = driver.all<{ runId: string; events: number }>(
    "SELECT run_id AS runId, last_seq AS events FROM _smithers_runs WHERE finished_at_ms < ? ORDER BY finished_at_ms LIMIT ?",
    endedBeforeMs,
    batchRuns,
  );
  let events = 0;
  let removed = 0;
  for (const run of old) {
    events += run.events;
    if (removed > 0 && events > batchEvents) break;
    removeRun(driver, run.runId);
    removed += 1;
  }
  return removed;
}

/** How many runs ended before `endedBeforeMs`. */
export function countPrunable(driver: Driver, endedBeforeMs: number): number {
  const sql = "SELECT count(*) AS count FROM _smithers_runs WHERE finished_at_ms < ?";
  return driver.get<{ count: number }>(sql, endedBeforeMs)!.count;
}

/** Removes the cached results that are older than `cachedBeforeMs`. */
export function pruneCache(driver: Driver, cachedBeforeMs: number): number {
  return driver.run("DELETE FROM _smithers_cache WHERE created_at_ms < ?", cachedBeforeMs);
}

function removeRun(driver: Driver, runId: string): void {
  const trees = driver.all<{ treeNo: number; frames: number }>(
    "SELECT tree_no AS treeNo, count(*) AS frames FROM _smithers_frames WHERE run_id = ? GROUP BY tree_no",
    runId,
  );
  driver.run("DELETE FROM _smithers_runs WHERE run_id = ?", runId);
  for (const { treeNo, frames } of trees) releaseTree(driver, treeNo, frames);
}

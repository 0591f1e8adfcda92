import type { Driver } from "../../../runtime/index.ts";
import type { PrunedBatch } from "../../snapshots.ts";
import { oneRow } from "../one-row.ts";
import { releaseTree } from "../trees.ts";

/** Approximate number of rows that one transaction deletes: a few milliseconds of work. */
const batchRows = 2_000;
const batchRuns = 100;

/** The tables in which a run may have very many rows, and the columns that identify the rows. */
const large = {
  _smithers_events: "seq",
  _smithers_tool_calls: "node_id, iteration, attempt, call_no",
  _smithers_attempts: "node_id, iteration, attempt",
  _smithers_outputs: "node_id, iteration",
  _smithers_nodes: "node_id, iteration",
  _smithers_signals: "seq",
};

/**
 * Deletes some of the runs that ended before `endedBeforeMs`, oldest first, with everything that belongs to them. A run
 * with very many rows takes several batches: its oldest events go first, and its own row with the last batch.
 */
export function pruneBatch(driver: Driver, endedBeforeMs: number): PrunedBatch {
  const old = driver.all<{ runId: string; events: number }>(
    "SELECT run_id AS runId, last_seq AS events FROM _smithers_runs WHERE finished_at_ms < ? ORDER BY finished_at_ms LIMIT ?",
    endedBeforeMs,
    batchRuns,
  );
  let events = 0;
  let runs = 0;
  for (const run of old) {
    events += run.events;
    if (events > batchRows) {
      if (runs > 0 || removeRows(driver, run.runId) > 0) return { runs, hasMore: true };
    }
    removeRun(driver, run.runId);
    runs += 1;
  }
  return { runs, hasMore: old.length === batchRuns };
}

/** How many runs ended before `endedBeforeMs`. */
export function countPrunable(driver: Driver, endedBeforeMs: number): number {
  const sql = "SELECT count(*) AS count FROM _smithers_runs WHERE finished_at_ms < ?";
  return oneRow<{ count: number }>(driver, sql, endedBeforeMs).count;
}

/** Deletes cached results older than `cachedBeforeMs`. */
export function pruneCache(driver: Driver, cachedBeforeMs: number): number {
  return driver.run("DELETE FROM _smithers_cache WHERE created_at_ms < ?", cachedBeforeMs);
}

/** Deletes some rows of a large run and returns their number; 0 when the rest can go together with the run. */
function removeRows(driver: Driver, runId: string): number {
  // A half-deleted run must not be resumed: it would execute finished tasks again.
  driver.run("UPDATE _smithers_runs SET status = 'cancelled' WHERE run_id = ? AND status = 'failed'", runId);
  for (const [table, columns] of Object.entries(large)) {
    const rows = `SELECT ${columns} FROM ${table} WHERE run_id = ? ORDER BY ${columns} LIMIT ?`;
    const removed = driver.run(
      `DELETE FROM ${table} WHERE run_id = ? AND (${columns}) IN (${rows})`,
      runId,
      runId,
      batchRows,
    );
    if (removed > 0) return removed;
  }
  return 0;
}

function removeRun(driver: Driver, runId: string): void {
  const trees = driver.all<{ treeNo: number; frames: number }>(
    "SELECT tree_no AS treeNo, count(*) AS frames FROM _smithers_frames WHERE run_id = ? GROUP BY tree_no",
    runId,
  );
  driver.run("DELETE FROM _smithers_runs WHERE run_id = ?", runId);
  for (const { treeNo, frames } of trees) releaseTree(driver, treeNo, frames);
}

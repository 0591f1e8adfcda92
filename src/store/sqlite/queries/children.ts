import type { Driver } from "../../../runtime/index.ts";
import type { ChildResult, ChildRun } from "../../snapshots.ts";
import { findOutput } from "./nodes.ts";
import { findRun } from "./runs.ts";

/** See `Store.childrenOf`. */
export function childrenOf(driver: Driver, runId: string): ChildRun[] {
  return driver
    .all<Omit<ChildRun, "error"> & { error: string | null }>(
      `SELECT run_id AS runId, parent_node_id AS nodeId, parent_iteration AS iteration, status,
         cancel_requested_at_ms AS cancelRequestedAtMs, error_json AS error FROM _smithers_runs
       WHERE parent_run_id = ? AND parent_node_id IS NOT NULL AND status <> 'continued'
       ORDER BY created_at_ms, run_id`,
      runId,
    )
    .map((row) => ({ ...row, error: row.error === null ? null : JSON.parse(row.error) }));
}

/** See `Store.readResult`. */
export function readResult(driver: Driver, runId: string): ChildResult {
  const named = driver.all<{ json: string }>(
    "SELECT json FROM _smithers_outputs WHERE run_id = ? AND schema_key = 'output' ORDER BY output_no",
    runId,
  );
  const run = findRun(driver, runId);
  const last =
    run?.outputNodeId == null ? undefined : findOutput(driver, runId, run.outputNodeId, run.outputIteration ?? 0);
  return { named: named.map(({ json }) => json), last: last?.json ?? null };
}

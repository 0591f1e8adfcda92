import type { ChildResult, ChildRun } from "../../snapshots.ts";
import type { Database } from "../database.ts";
import { rowsAsJson } from "./select.ts";

/** See `Store.childrenOf`. */
export async function selectChildren(database: Database, runId: string): Promise<ChildRun[]> {
  const select = `SELECT run_id AS "runId", parent_node_id AS "nodeId", parent_iteration AS iteration, status,
      cancel_requested_at_ms AS "cancelRequestedAtMs", error_json AS error FROM _smithers_runs
    WHERE parent_run_id = $1::text AND parent_node_id IS NOT NULL AND status <> 'continued'
    ORDER BY created_at_ms, run_id`;
  const rows = await database.one<(Omit<ChildRun, "error"> & { error: string | null })[]>(
    `SELECT ${rowsAsJson(select)}::text`,
    runId,
  );
  return rows.map((row) => ({ ...row, error: row.error === null ? null : JSON.parse(row.error) }));
}

/** See `Store.readResult`. */
export async function selectResult(database: Database, runId: string): Promise<ChildResult> {
  const named = `SELECT o.json FROM _smithers_outputs o WHERE o.run_id = $1::text AND o.schema_key = 'output'
    ORDER BY o.output_no`;
  const last = `SELECT o.json FROM _smithers_outputs o JOIN _smithers_runs r ON r.run_id = o.run_id
    WHERE o.run_id = $1::text AND o.node_id = r.output_node_id AND o.iteration = r.output_iteration`;
  const found = await database.one<{ named: { json: string }[]; last: string | null }>(
    `SELECT json_build_object('named', ${rowsAsJson(named)}, 'last', (${last}))::text`,
    runId,
  );
  return { named: found.named.map(({ json }) => json), last: found.last };
}

import type { TakenRun } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Database } from "../database.ts";
import { parseDecoded } from "../text.ts";
import { type JsonRow, runColumns } from "./select.ts";

/**
 * See `Store.takeQueued`. Servers that look at the same time take different runs. When the answer is lost, the runs
 * have an owner that does not execute them, and are found as its orphans.
 */
export async function takeQueued(database: Database, owner: string, limit: number, nowMs: number): Promise<TakenRun[]> {
  const rows = await database.texts(
    `WITH next AS (
       SELECT run_id FROM _smithers_runs
       WHERE queued_at_ms IS NOT NULL AND owner IS NULL AND status = 'running' AND home IS NULL
       ORDER BY queued_at_ms, run_id LIMIT $2::text::bigint FOR UPDATE SKIP LOCKED),
     taken AS (
       UPDATE _smithers_runs t SET owner = $1::text, lease_no = t.lease_no + 1, heartbeat_at_ms = $3::text::bigint,
         wake_failure_json = NULL
       FROM next WHERE t.run_id = next.run_id RETURNING t.*)
     SELECT (SELECT row_to_json(t) FROM (SELECT ${runColumns}) t)::text FROM taken r ORDER BY r.queued_at_ms, r.run_id`,
    owner,
    limit,
    nowMs,
  );
  return rows.map((row) => {
    const run = tables.runs.decode(parseDecoded(row!) as JsonRow);
    return { run, lease: { runId: run.runId, owner, leaseNo: run.leaseNo } };
  });
}

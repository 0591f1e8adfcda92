import { isWaiting, type Run } from "../../../model/index.ts";
import { isProvablyDead } from "../../owner.ts";
import type { RunSnapshot } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import { decodeAll, type JsonRow, rowsAsJson, runColumns } from "./select.ts";

const waiting = rowsAsJson(`SELECT ${tables.nodes.select} FROM _smithers_nodes n WHERE n.run_id = r.run_id
  AND n.state IN ('waiting-approval', 'waiting-event', 'waiting-timer') ORDER BY n.started_at_ms`);
const paused = rowsAsJson(`SELECT ${tables.nodes.select} FROM _smithers_nodes n WHERE n.run_id = r.run_id
  AND (n.state = 'pending' AND n.wake_at_ms IS NOT NULL OR n.kind = 'subflow' AND n.state = 'waiting-timer') ORDER BY n.wake_at_ms`);
const troubled = rowsAsJson(`SELECT ${tables.nodes.select} FROM _smithers_nodes n WHERE n.run_id = r.run_id
  AND n.failures + n.lost_attempts > 0 AND n.state IN ('pending', 'in-progress')`);
const lastEvent = "SELECT e.json FROM _smithers_events e WHERE e.run_id = r.run_id ORDER BY e.seq DESC LIMIT 1";

/** The columns of a run from the table `r`, and the facts about its health that are not in its row. */
export const snapshotColumns = `${runColumns},
  CASE WHEN r.status = 'waiting-quota' THEN ${paused} WHEN starts_with(r.status, 'waiting-') THEN ${waiting} WHEN r.status = 'running' THEN ${troubled} END
    AS "healthNodes",
  CASE WHEN starts_with(r.status, 'waiting-') AND r.inbox_no > r.taken_no AND r.owner IS NULL THEN (${lastEvent}) END
    AS "lastEvent"`;

export function decodeSnapshot({ healthNodes, lastEvent, ...row }: JsonRow): RunSnapshot {
  const run = tables.runs.decode(row);
  const found = decodeAll(tables.nodes, (healthNodes as JsonRow[] | null) ?? []);
  if (isWaiting(run.status)) {
    return { run, healthSignals: { nodes: found, newsAtMs: newsAtMs(run, lastEvent as string | null) } };
  }
  if (run.status !== "running") return { run, healthSignals: { nodes: [], newsAtMs: null } };
  const ownerIsGone = run.owner !== null && isProvablyDead(run.owner);
  return { run, healthSignals: { nodes: found, newsAtMs: null, ownerIsGone } };
}

/** When the last thing arrived for a run that no process executes, and has not been taken in. */
function newsAtMs(run: Run, lastEvent: string | null): number | null {
  if (run.inboxNo <= run.takenNo || run.owner !== null) return null;
  if (run.cancelRequestedAtMs !== null) return run.cancelRequestedAtMs;
  return lastEvent === null ? null : JSON.parse(lastEvent).timestampMs;
}

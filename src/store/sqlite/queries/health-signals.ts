import { type HealthSignals, isWaiting, type Node, type Run } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { isProvablyDead } from "../../owner.ts";
import type { RunSnapshot } from "../../snapshots.ts";
import { nodes } from "../tables.ts";
import { lastEvent } from "./events.ts";
import { waitingNodes } from "./nodes.ts";

export function withHealthSignals(driver: Driver, run: Run): RunSnapshot {
  return { run, healthSignals: healthSignals(driver, run) };
}

/** Reads the facts about a run's health that are not in its row; none for an ended run. */
function healthSignals(driver: Driver, run: Run): HealthSignals {
  if (isWaiting(run.status)) {
    const nodes = run.status === "waiting-quota" ? pausedNodes(driver, run.runId) : waitingNodes(driver, run.runId);
    return { nodes, newsAtMs: newsAtMs(driver, run) };
  }
  if (run.status !== "running") return { nodes: [], newsAtMs: null };
  const ownerIsGone = run.owner !== null && isProvablyDead(run.owner);
  return { nodes: troubledNodes(driver, run.runId), newsAtMs: null, ownerIsGone };
}

/** The nodes of a run that run again at a later time, the first one first. */
function pausedNodes(driver: Driver, runId: string): Node[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${nodes.select} FROM _smithers_nodes
       WHERE run_id = ? AND (state = 'pending' AND wake_at_ms IS NOT NULL OR kind = 'subflow' AND state = 'waiting-timer')
       ORDER BY wake_at_ms`,
      runId,
    )
    .map((row) => nodes.decode(row));
}

/** The nodes of a run that have failed and are being retried, or were lost with their process. */
function troubledNodes(driver: Driver, runId: string): Node[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${nodes.select} FROM _smithers_nodes
       WHERE run_id = ? AND failures + lost_attempts > 0 AND state IN ('pending', 'in-progress')`,
      runId,
    )
    .map((row) => nodes.decode(row));
}

/** When the last thing arrived for a run that no process executes, and has not been taken in. */
function newsAtMs(driver: Driver, run: Run): number | null {
  if (run.inboxNo <= run.takenNo || run.owner !== null) return null;
  if (run.cancelRequestedAtMs !== null) return run.cancelRequestedAtMs;
  const last = lastEvent(driver, run.runId);
  return last ? JSON.parse(last.json).timestampMs : null;
}

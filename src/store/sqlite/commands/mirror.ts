import { isTerminalEvent, type Node, noRunWake, type Run, type StoredEvent } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { faultPoint } from "../../fault.ts";
import type { MirrorPage, RunPosition } from "../../snapshots.ts";
import { eventsAfter, insertEvent } from "../queries/events.ts";
import { approvalsOf } from "../queries/inbox.ts";
import { findNode, nodesOf } from "../queries/nodes.ts";
import { findRun } from "../queries/runs.ts";
import { approvals, nodes, runs } from "../tables.ts";

/** Maximum number of events that are copied in one transaction. */
const pageSize = 500;

/** Reads the changes that a copy with the events up to `afterSeq` lacks; undefined when it is up to date. */
export function readMirrorPage(driver: Driver, runId: string, afterSeq: number): MirrorPage | undefined {
  const run = findRun(driver, runId);
  const events = eventsAfter(driver, runId, afterSeq, pageSize);
  const last = events.at(-1);
  if (!run || !last) return undefined;
  return {
    run: { ...run, lastSeq: last.seq },
    nodes: isTerminalEvent(last.type) ? nodesOf(driver, runId) : nodesIn(driver, events),
    approvals: approvalsOf(driver, runId),
    events,
  };
}

/** Only nodes that the events name have changed. */
function nodesIn(driver: Driver, events: readonly StoredEvent[]): Node[] {
  const named = new Map<string, { runId: string; nodeId: string; iteration: number }>();
  for (const { json } of events) {
    const { runId, nodeId, iteration } = JSON.parse(json);
    if (nodeId !== undefined) named.set(`${iteration}:${nodeId}`, { runId, nodeId, iteration });
  }
  return [...named.values()].flatMap(
    ({ runId, nodeId, iteration }) => findNode(driver, runId, nodeId, iteration) ?? [],
  );
}

/**
 * The number of the last event of a run's copy: 0 without a copy; undefined when the database has its own run with that
 * id.
 */
export function mirroredSeq(driver: Driver, home: string, runId: string): number | undefined {
  const run = findRun(driver, runId);
  if (!run) return 0;
  return run.home === home ? run.lastSeq : undefined;
}

/** Applies changes to the copy of a run. Events that it has already stay as they are. */
export function applyMirrorPage(driver: Driver, home: string, page: MirrorPage): void {
  const { run } = page;
  // Copies are not executed: they have no owner, no timers and no inbox.
  const copy: Run = { ...run, home, owner: null, leaseNo: 0, inboxNo: 0, takenNo: 0, ...noRunWake };
  runs.upsert(driver, copy);
  for (const node of page.nodes) nodes.upsert(driver, node);
  for (const approval of page.approvals) approvals.upsert(driver, approval);
  faultPoint("mirror");
  for (const event of page.events) insertEvent(driver, event, true);
}

/** The runs of a database that have not ended, or ended since `sinceMs`; without it, all runs. */
export function runsToCompare(driver: Driver, sinceMs = 0): RunPosition[] {
  const runs = "SELECT run_id AS runId, last_seq AS lastSeq FROM _smithers_runs";
  return driver.all<RunPosition>(
    `${runs} WHERE finished_at_ms IS NULL AND home IS NULL
     UNION ALL ${runs} WHERE finished_at_ms >= ? AND home IS NULL`,
    sinceMs,
  );
}

import type { Driver } from "../../../runtime/index.ts";
import type { ChildPlace, ChildStart, Successor, TurnRecord } from "../../turn.ts";
import { reopenNodes, reopenRun } from "../queries/nodes.ts";
import { appendToInbox, insertRun } from "../queries/runs.ts";

/** Writes what a turn means for the runs around its own: the one that continues it, its Subflows and its parent. */
export function changeRelatives(driver: Driver, turn: TurnRecord): void {
  const { runId } = turn.lease;
  if (turn.successor) continueAs(driver, runId, turn.successor);
  // First: a subflow that has timed out may run again at once, in another run.
  for (const place of turn.unwantedChildren ?? []) cancelChild(driver, runId, place, turn.nowMs);
  for (const child of turn.children ?? []) startChild(driver, child, turn.nowMs);
  if (turn.toldRun !== undefined) {
    driver.run(
      "UPDATE _smithers_runs SET inbox_no = inbox_no + 1 WHERE run_id = ? AND finished_at_ms IS NULL",
      turn.toldRun,
    );
  }
}

/** Records the run that continues another one, with the signals that none of its waits has consumed. */
function continueAs(driver: Driver, runId: string, { run, events, carriesOn }: Successor): void {
  insertRun(driver, run, events);
  copyRows(driver, "_smithers_signals", runId, run.runId, "consumed_by IS NULL");
  if (!carriesOn) return;
  copyRows(driver, "_smithers_nodes", runId, run.runId, "state IN ('finished', 'skipped', 'failed')");
  copyRows(driver, "_smithers_outputs", runId, run.runId, "TRUE");
}

function copyRows(driver: Driver, table: string, from: string, to: string, which: string): void {
  const columns = driver
    .all<{ name: string }>("SELECT name FROM pragma_table_info(?)", table)
    .map(({ name }) => name)
    .filter((name) => name !== "run_id")
    .join(", ");
  driver.run(
    `INSERT INTO ${table} (run_id, ${columns}) SELECT ?, ${columns} FROM ${table} WHERE run_id = ? AND ${which}`,
    to,
    from,
  );
}

/** Starts the run of a Subflow, unless it has one; one that has failed runs again. */
function startChild(driver: Driver, { run, events, reopenEvents }: ChildStart, nowMs: number): void {
  const known = driver.get<{ runId: string; status: string }>(
    `SELECT run_id AS runId, status FROM _smithers_runs
     WHERE parent_run_id = ? AND parent_node_id = ? AND parent_iteration = ? AND status NOT IN ('cancelled', 'continued')
       AND cancel_requested_at_ms IS NULL ORDER BY created_at_ms DESC LIMIT 1`,
    run.parentRunId,
    run.parentNodeId,
    run.parentIteration,
  );
  if (!known) return void insertRun(driver, run, events);
  if (known.status !== "failed") return;
  const { runId } = known;
  reopenNodes(driver, runId);
  reopenRun(driver, runId, nowMs);
  appendToInbox(driver, runId, reopenEvents, nowMs);
}

function cancelChild(driver: Driver, parentRunId: string, { nodeId, iteration }: ChildPlace, nowMs: number): void {
  driver.run(
    `UPDATE _smithers_runs SET cancel_requested_at_ms = ?, inbox_no = inbox_no + 1
     WHERE parent_run_id = ? AND parent_node_id = ? AND parent_iteration = ? AND finished_at_ms IS NULL
       AND cancel_requested_at_ms IS NULL`,
    nowMs,
    parentRunId,
    nodeId,
    iteration,
  );
}

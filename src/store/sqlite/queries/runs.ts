import type { ListRunsQuery } from "../../../api/index.ts";
import { noSuchRun, runExists } from "../../../errors/index.ts";
import type { CommittedEvent, Moment, NewEvent, Run } from "../../../model/index.ts";
import { type Driver, runtime, type SqlValue } from "../../../runtime/index.ts";
import { parseRunCursor, runCursor } from "../../run-cursor.ts";
import type { ClaimedRun, RunPage, RunToWake } from "../../snapshots.ts";
import { runs } from "../tables.ts";
import { appendEvents } from "./events.ts";
import { withHealthSignals } from "./health-signals.ts";

export function findRun(driver: Driver, runId: string): Run | undefined {
  const row = driver.get<Record<string, unknown>>(`SELECT ${runs.select} FROM _smithers_runs WHERE run_id = ?`, runId);
  return row && runs.decode(row);
}

/** Ids of runs that start with `part`, or if there are none, end with it; newest first, at most `limit`. */
export function runIdsLike(driver: Driver, part: string, limit: number): string[] {
  const select = "SELECT run_id AS runId FROM _smithers_runs WHERE";
  const newest = "ORDER BY created_at_ms DESC LIMIT ?";
  const ids = (rows: { runId: string }[]) => rows.map((row) => row.runId);
  // Ids are ASCII, so every id that starts with `part` sorts before `part` and the highest character.
  const begin = driver.all<{ runId: string }>(
    `${select} run_id >= ? AND run_id < ? ${newest}`,
    part,
    `${part}\u{10ffff}`,
    limit,
  );
  if (begin.length > 0) return ids(begin);
  return ids(driver.all(`${select} substr(run_id, ?) = ? ${newest}`, -part.length, part, limit));
}

/** Ids of runs that start or end with one of the parts, which all have the same length. */
export function runIdsSharing(driver: Driver, parts: readonly string[]): string[] {
  const length = parts[0]?.length ?? 0;
  const rows = driver.all<{ runId: string }>(
    `WITH parts AS (SELECT value FROM json_each(?))
     SELECT run_id AS runId FROM _smithers_runs
     WHERE substr(run_id, ?) IN parts OR substr(run_id, 1, ?) IN parts`,
    JSON.stringify(parts),
    -length,
    length,
  );
  return rows.map((row) => row.runId);
}

/** @throws RUN_ALREADY_EXISTS */
export function insertRun(driver: Driver, run: Run, events: readonly NewEvent[]): CommittedEvent[] {
  try {
    runs.insert(driver, { ...run, lastSeq: events.length });
  } catch (error) {
    if (runtime.sqlite.isDuplicateKey(error)) throw runExists(run.runId);
    throw error;
  }
  return appendEvents(driver, run.runId, events, events.length, run.createdAtMs);
}

/**
 * A page of runs, newest first.
 * @throws INVALID_REQUEST for an unknown cursor
 */
export function readRunPage(driver: Driver, query: ListRunsQuery): RunPage {
  const { sql, params } = listStatement(query);
  const found = driver.all<Record<string, unknown>>(sql, ...params).map((row) => runs.decode(row));
  const page = found.slice(0, query.limit).map((run) => withHealthSignals(driver, run));
  if (found.length <= query.limit) return { runs: page };
  return { runs: page, nextCursor: runCursor(page.at(-1)!.run) };
}

/** A list does not show inputs, which may be large. */
const listed = runs.select.replace("input_json AS", "'null' AS");

function listStatement(query: ListRunsQuery): { sql: string; params: SqlValue[] } {
  const conditions: string[] = [];
  const params: SqlValue[] = [];
  if (query.status !== undefined) {
    conditions.push("status = ?");
    params.push(query.status);
  }
  if (query.ended !== undefined) conditions.push(`finished_at_ms IS ${query.ended === "true" ? "NOT " : ""}NULL`);
  if (query.queued !== undefined) {
    const is = "status = 'running' AND queued_at_ms IS NOT NULL AND home IS NULL";
    conditions.push(query.queued === "true" ? is : `NOT (${is})`);
  }
  if (query.workflow !== undefined) {
    conditions.push("workflow_name = ?");
    params.push(query.workflow);
  }
  if (query.text !== undefined && query.text !== "") {
    const columns = ["run_id", "workflow_name", "coalesce(workflow_path, '')"];
    conditions.push(`(${columns.map((column) => `instr(lower(${column}), lower(?)) > 0`).join(" OR ")})`);
    params.push(...columns.map(() => query.text!));
  }
  if (query.createdAfterMs !== undefined) {
    conditions.push("created_at_ms >= ?");
    params.push(query.createdAfterMs);
  }
  if (query.createdBeforeMs !== undefined) {
    conditions.push("created_at_ms < ?");
    params.push(query.createdBeforeMs);
  }
  if (query.cursor !== undefined) {
    const [createdAtMs, runId] = parseRunCursor(query.cursor);
    conditions.push("(created_at_ms, run_id) < (?, ?)");
    params.push(createdAtMs, runId);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const sql = `SELECT ${listed} FROM _smithers_runs ${where} ORDER BY created_at_ms DESC, run_id DESC LIMIT ?`;
  return { sql, params: [...params, query.limit + 1] };
}

/**
 * Adds events to a run's log in the transaction that causes them, whether the run has an owner or not, and marks that
 * there is something for the run to take in.
 */
export function appendToInbox(
  driver: Driver,
  runId: string,
  events: readonly NewEvent[],
  nowMs: number,
): CommittedEvent[] {
  const row = driver.get<{ lastSeq: number }>(
    "UPDATE _smithers_runs SET last_seq = last_seq + ?, inbox_no = inbox_no + 1 WHERE run_id = ? RETURNING last_seq AS lastSeq",
    events.length,
    runId,
  );
  if (!row) throw noSuchRun(runId);
  return appendEvents(driver, runId, events, row.lastSeq, nowMs);
}

const toWake = "run_id AS runId, workflow_path AS workflowPath";

/** Runs that have something in their inbox which was not taken in. */
export function runsWithNews(driver: Driver): RunToWake[] {
  return driver.all(`SELECT ${toWake} FROM _smithers_runs WHERE inbox_no > taken_no`);
}

/** Runs that have an owner, and `running` ones that should have one. */
export function claimedRuns(driver: Driver): ClaimedRun[] {
  const fields = "owner, lease_no AS leaseNo, heartbeat_at_ms AS heartbeatAtMs, crashes";
  const columns = `SELECT ${toWake}, ${fields} FROM _smithers_runs`;
  return driver.all<ClaimedRun>(
    `${columns} WHERE owner IS NOT NULL UNION ALL ${columns} WHERE status = 'running' AND owner IS NULL AND home IS NULL`,
  );
}

/** What a run's time is judged by: the column, the moment's value that it is compared with, and which runs it is. */
function judgedBy({
  nowMs,
  steadyMs,
  steadyClock,
}: Moment): { column: string; now: number; which: string; params: SqlValue[] }[] {
  return [
    { column: "wake_wall_ms", now: nowMs, which: "", params: [] },
    { column: "wake_steady_ms", now: steadyMs, which: "AND wake_steady_clock = ?", params: [steadyClock] },
    // Parked by another host, before a restart of this one or by an earlier release.
    { column: "wake_at_ms", now: nowMs, which: "AND wake_steady_clock IS NOT ?", params: [steadyClock] },
  ];
}

/** See `Store.dueRuns`. */
export function dueRuns(driver: Driver, now: Moment): RunToWake[] {
  const due = new Map<string, RunToWake & { lateMs: number }>();
  for (const { column, now: value, which, params } of judgedBy(now)) {
    const rows = driver.all<RunToWake & { at: number }>(
      `SELECT ${toWake}, ${column} AS at FROM _smithers_runs WHERE ${column} <= ? ${which} AND owner IS NULL ORDER BY ${column}`,
      value,
      ...params,
    );
    for (const { at, ...run } of rows) due.set(run.runId, { ...run, lateMs: value - at });
  }
  return [...due.values()].sort((a, b) => b.lateMs - a.lateMs).map(({ lateMs: _, ...run }) => run);
}

/** See `Store.msToNextDue`. */
export function msToNextDue(driver: Driver, now: Moment): number | null {
  const delays = judgedBy(now).flatMap(({ column, now: value, which, params }) => {
    const sql = `SELECT min(${column}) AS at FROM _smithers_runs WHERE ${column} > ? ${which} AND owner IS NULL`;
    const at = driver.get<{ at: number | null }>(sql, value, ...params)?.at ?? null;
    return at === null ? [] : at - value;
  });
  return delays.length === 0 ? null : Math.min(...delays);
}

import type { ListRunsQuery } from "../../../api/index.ts";
import { noSuchRun, runExists, unknownCursor } from "../../../errors/index.ts";
import type { CommittedEvent, NewEvent, Run } from "../../../model/index.ts";
import { type Driver, runtime, type SqlValue } from "../../../runtime/index.ts";
import type { ClaimedRun, RunPage } from "../../snapshots.ts";
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
  const last = page.at(-1)!.run;
  return { runs: page, nextCursor: `${last.createdAtMs}.${last.runId}` };
}

function listStatement(query: ListRunsQuery): { sql: string; params: SqlValue[] } {
  const conditions: string[] = [];
  const params: SqlValue[] = [];
  if (query.status !== undefined) {
    conditions.push("status = ?");
    params.push(query.status);
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
    const [createdAtMs, runId] = parseCursor(query.cursor);
    conditions.push("(created_at_ms, run_id) < (?, ?)");
    params.push(createdAtMs, runId);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const sql = `SELECT ${runs.select} FROM _smithers_runs ${where} ORDER BY created_at_ms DESC, run_id DESC LIMIT ?`;
  return { sql, params: [...params, query.limit + 1] };
}

function parseCursor(cursor: string): [number, string] {
  const match = /^(\d{1,16})\.(.+)$/.exec(cursor);
  if (!match) {
    throw unknownCursor();
  }
  return [Number(match[1]), match[2]!];
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

/** Runs that have something in their inbox which was not taken in. */
export function runsWithNews(driver: Driver): string[] {
  const sql = "SELECT run_id AS runId FROM _smithers_runs WHERE inbox_no > taken_no";
  return driver.all<{ runId: string }>(sql).map((row) => row.runId);
}

/** Runs that have an owner, and `running` ones that should have one. */
export function claimedRuns(driver: Driver): ClaimedRun[] {
  const columns = "SELECT run_id AS runId, owner, heartbeat_at_ms AS heartbeatAtMs, crashes FROM _smithers_runs";
  return driver.all<ClaimedRun>(
    `${columns} WHERE owner IS NOT NULL UNION ALL ${columns} WHERE status = 'running' AND owner IS NULL AND home IS NULL`,
  );
}

/** Parked runs whose timer, retry or time limit is due. */
export function dueRuns(driver: Driver, nowMs: number): string[] {
  const sql = "SELECT run_id AS runId FROM _smithers_runs WHERE wake_at_ms <= ? AND owner IS NULL ORDER BY wake_at_ms";
  return driver.all<{ runId: string }>(sql, nowMs).map((row) => row.runId);
}

/** When the next parked run is due after `nowMs`. */
export function nextDueMs(driver: Driver, nowMs: number): number | null {
  const sql = "SELECT min(wake_at_ms) AS at FROM _smithers_runs WHERE wake_at_ms > ? AND owner IS NULL";
  return driver.get<{ at: number | null }>(sql, nowMs)?.at ?? null;
}

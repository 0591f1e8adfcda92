import type { ListRunsQuery } from "../../../api/index.ts";
import type { Moment, Run } from "../../../model/index.ts";
import { parseRunCursor, runCursor } from "../../run-cursor.ts";
import type { Backlog, ClaimedRun, RunPage, RunSnapshot, RunToWake } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Database, Value } from "../database.ts";
import { decodeSnapshot, snapshotColumns } from "./health-signals.ts";
import { decodeOne, heartbeat, type JsonRow, rowsAsJson, runJson } from "./select.ts";

export async function selectRun(database: Database, runId: string): Promise<Run | undefined> {
  return decodeOne(tables.runs, await database.read<JsonRow>(`SELECT ${runJson}::text`, runId));
}

/** The highest character: every id that starts with a part sorts before the part and this. */
const highest = "\u{10ffff}";

/** Ids of runs that start with `part`, or if there are none, end with it; newest first, at most `limit`. */
export async function selectIdsLike(database: Database, part: string, limit: number): Promise<string[]> {
  const newest = "ORDER BY created_at_ms DESC LIMIT $2::text::bigint";
  const begin = await database.texts(
    `SELECT run_id FROM _smithers_runs WHERE run_id >= $1::text AND run_id < $3::text ${newest}`,
    part,
    limit,
    `${part}${highest}`,
  );
  if (begin.length > 0) return begin as string[];
  return (await database.texts(
    `SELECT run_id FROM _smithers_runs WHERE right(run_id, char_length($1::text)) = $1::text ${newest}`,
    part,
    limit,
  )) as string[];
}

/** Ids of runs that start or end with one of the parts, which all have the same length. */
export async function selectIdsSharing(database: Database, parts: readonly string[]): Promise<string[]> {
  const sql = `WITH parts AS (SELECT value FROM json_array_elements_text($1::text::json))
    SELECT run_id FROM _smithers_runs
    WHERE right(run_id, $2::text::int) IN (SELECT value FROM parts) OR left(run_id, $2::text::int) IN (SELECT value FROM parts)`;
  return (await database.texts(sql, JSON.stringify(parts), parts[0]?.length ?? 0)) as string[];
}

/**
 * A page of runs, newest first.
 * @throws INVALID_REQUEST for an unknown cursor
 */
export async function selectRunPage(database: Database, query: ListRunsQuery): Promise<RunPage> {
  const conditions: string[] = [];
  const params: Value[] = [query.limit + 1];
  const add = (value: Value) => `$${params.push(value)}::text`;
  if (query.status !== undefined) conditions.push(`r.status = ${add(query.status)}`);
  if (query.ended !== undefined) conditions.push(`r.finished_at_ms IS ${query.ended === "true" ? "NOT " : ""}NULL`);
  if (query.queued !== undefined) {
    const is = "r.status = 'running' AND r.queued_at_ms IS NOT NULL AND r.home IS NULL";
    conditions.push(query.queued === "true" ? is : `NOT (${is})`);
  }
  if (query.workflow !== undefined) conditions.push(`r.workflow_name = ${add(query.workflow)}`);
  if (query.text !== undefined && query.text !== "") {
    const part = add(query.text);
    const columns = ["r.run_id", "r.workflow_name", "r.workflow_path"];
    conditions.push(`(${columns.map((column) => `strpos(lower(${column}), lower(${part})) > 0`).join(" OR ")})`);
  }
  if (query.createdAfterMs !== undefined) conditions.push(`r.created_at_ms >= ${add(query.createdAfterMs)}::bigint`);
  if (query.createdBeforeMs !== undefined) conditions.push(`r.created_at_ms < ${add(query.createdBeforeMs)}::bigint`);
  if (query.cursor !== undefined) {
    const [createdAtMs, runId] = parseRunCursor(query.cursor);
    conditions.push(`(r.created_at_ms, r.run_id) < (${add(createdAtMs)}::bigint, ${add(runId)})`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const select = `SELECT ${snapshotColumns} FROM _smithers_runs r ${where}
    ORDER BY r.created_at_ms DESC, r.run_id DESC LIMIT $1::text::bigint`;
  const found = await database.one<JsonRow[]>(`SELECT ${rowsAsJson(select)}::text`, ...params);
  const page = found.slice(0, query.limit).map(decodeSnapshot);
  return found.length <= query.limit ? { runs: page } : { runs: page, nextCursor: runCursor(page.at(-1)!.run) };
}

export async function selectRuns(database: Database, runIds: readonly string[]): Promise<RunSnapshot[]> {
  // As an array: for a subquery, the planner expects so many rows that it reads the whole table.
  const select = `SELECT ${snapshotColumns} FROM _smithers_runs r
    WHERE r.run_id = ANY (ARRAY (SELECT value FROM json_array_elements_text($1::text::json)))`;
  const found = await database.one<JsonRow[]>(`SELECT ${rowsAsJson(select)}::text`, JSON.stringify(runIds));
  return found.map(decodeSnapshot);
}

const toWake = `r.run_id AS "runId", r.workflow_path AS "workflowPath"`;

/** Runs that have something in their inbox which was not taken in. */
export async function selectRunsWithNews(database: Database): Promise<RunToWake[]> {
  const select = `SELECT ${toWake} FROM _smithers_runs r WHERE r.inbox_no > r.taken_no`;
  return database.one<RunToWake[]>(`SELECT ${rowsAsJson(select)}::text`);
}

/** Runs that have an owner, and `running` ones that should have one. Those that wait for a place are taken otherwise. */
export async function selectClaimedRuns(database: Database): Promise<ClaimedRun[]> {
  const columns = `SELECT ${toWake}, r.owner, r.lease_no AS "leaseNo", ${heartbeat} AS "heartbeatAtMs", r.crashes
    FROM _smithers_runs r`;
  const select = `${columns} WHERE r.owner IS NOT NULL
    UNION ALL ${columns} WHERE r.status = 'running' AND r.owner IS NULL AND r.home IS NULL AND r.queued_at_ms IS NULL`;
  return database.one<ClaimedRun[]>(`SELECT ${rowsAsJson(select)}::text`);
}

/** What a run's time is judged by: the column, the moment's value that it is compared with, and which runs it is. */
const judgedBy = [
  { column: "r.wake_wall_ms", now: "$1::text::bigint", which: "" },
  { column: "r.wake_steady_ms", now: "$2::text::float8", which: "AND r.wake_steady_clock = $3::text" },
  // Parked by another host, before a restart of this one or by an earlier release.
  { column: "r.wake_at_ms", now: "$1::text::bigint", which: "AND r.wake_steady_clock IS DISTINCT FROM $3::text" },
];

/** See `Store.dueRuns`. */
export async function selectDueRuns(database: Database, now: Moment): Promise<RunToWake[]> {
  const selects = judgedBy.map(
    ({ column, now, which }) => `SELECT ${toWake}, ${now} - ${column} AS late FROM _smithers_runs r
      WHERE ${column} <= ${now} ${which} AND r.owner IS NULL`,
  );
  const select = `SELECT d."runId", d."workflowPath" FROM (${selects.join(" UNION ALL ")}) d
    GROUP BY d."runId", d."workflowPath" ORDER BY max(d.late) DESC`;
  const params = [now.nowMs, now.steadyMs, now.steadyClock];
  return database.one<RunToWake[]>(`SELECT ${rowsAsJson(select)}::text`, ...params);
}

/** See `Store.msToNextDue`. */
export async function selectMsToNextDue(database: Database, now: Moment): Promise<number | null> {
  const delays = judgedBy.map(
    ({ column, now, which }) => `(SELECT min(${column}) - ${now} FROM _smithers_runs r
      WHERE ${column} > ${now} ${which} AND r.owner IS NULL)`,
  );
  const [ms] = await database.texts(
    `SELECT least(${delays.join(", ")})::text`,
    now.nowMs,
    now.steadyMs,
    now.steadyClock,
  );
  return ms == null ? null : Number(ms);
}

/** Number of bytes that the tables of the schema take, with their indexes. */
export const sizeBytes = (schemaParameter: string) =>
  `(SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE s.nspname = ${schemaParameter} AND c.relkind = 'r')`;

export async function selectBacklog(database: Database, staleSinceMs: number): Promise<Backlog> {
  const unfinished = "FROM _smithers_runs r WHERE r.finished_at_ms IS NULL AND r.home IS NULL";
  const approvals = `FROM _smithers_approvals a WHERE a.status = 'requested'
    AND EXISTS (SELECT 1 FROM _smithers_runs r WHERE r.run_id = a.run_id AND r.home IS NULL)`;
  const backlog = await database.one<Backlog>(
    `SELECT json_build_object(
      'runs', (SELECT coalesce(json_object_agg(t.status, t.count), '{}')
        FROM (SELECT r.status, count(*) AS count ${unfinished} GROUP BY r.status) t),
      'staleRuns', counted.stale, 'stuckRuns', counted.stuck, 'queuedRuns', counted.queued,
      'pendingApprovals', (SELECT count(*) ${approvals}),
      'oldestApprovalAtMs', (SELECT min(a.requested_at_ms) ${approvals}),
      'sizeBytes', ${sizeBytes("$2::text")}, 'logBytes', 0)::text
    FROM (SELECT
      count(*) FILTER (WHERE r.status = 'running' AND coalesce(${heartbeat}, r.created_at_ms) < $1::text::bigint) AS stale,
      count(*) FILTER (WHERE r.wake_failure_json IS NOT NULL) AS stuck,
      count(*) FILTER (WHERE r.queued_at_ms IS NOT NULL) AS queued ${unfinished}) counted`,
    staleSinceMs,
    database.schema,
  );
  return backlog;
}

import { leaseLost } from "../../errors/index.ts";
import type { Approval, CommittedEvent } from "../../model/index.ts";
import type { Driver, SqlValue } from "../../runtime/index.ts";
import { tables } from "../tables.ts";
import { type AttemptEnd, type FrameRecord, mayBeCancelledInstead, type TurnRecord } from "../turn.ts";
import { changeRelatives } from "./commands/lineage.ts";
import { endToolCall } from "./commands/tool-call.ts";
import { appendEvents } from "./queries/events.ts";
import { approvals, attempts, nodes, outputs } from "./tables.ts";
import { keepTree } from "./trees.ts";

/**
 * Writes all of a turn, or nothing; see `Store.commitTurn`.
 * @throws LEASE_LOST when another lease holder has taken the run
 */
export function applyTurn(driver: Driver, turn: TurnRecord): CommittedEvent[] | "cancel-pending" {
  const { runId } = turn.lease;
  const lastSeq = changeRun(driver, turn);
  if (lastSeq === undefined) return "cancel-pending";
  for (const node of turn.nodes) nodes.upsert(driver, node);
  for (const attempt of turn.startedAttempts) attempts.insert(driver, attempt);
  for (const call of turn.endedToolCalls) endToolCall(driver, runId, call);
  for (const end of turn.endedAttempts) endAttempt(driver, runId, end, turn.nowMs);
  for (const output of turn.outputs) outputs.upsert(driver, output);
  for (const approval of turn.approvals) putApproval(driver, approval);
  for (const signal of turn.consumedSignals) {
    driver.run(
      "UPDATE _smithers_signals SET consumed_by = ?, consumed_iteration = ? WHERE run_id = ? AND seq = ?",
      signal.nodeId,
      signal.iteration,
      runId,
      signal.seq,
    );
  }
  for (const timer of turn.timers) putTimer(driver, runId, timer);
  for (const { cacheKey, json } of turn.cached) {
    driver.run(
      "INSERT OR REPLACE INTO _smithers_cache (cache_key, json, created_at_ms) VALUES (?, ?, ?)",
      cacheKey,
      json,
      turn.nowMs,
    );
  }
  if (turn.frame) insertFrame(driver, runId, turn.frame, turn.nowMs);
  changeRelatives(driver, turn);
  return appendEvents(driver, runId, turn.events, lastSeq, turn.nowMs);
}

/** Ends an attempt, and with it the tool calls that it has running. */
function endAttempt(driver: Driver, runId: string, end: AttemptEnd, nowMs: number): void {
  const { nodeId, iteration, attempt, state, error, stack, calledTools = true } = end;
  driver.run(
    `UPDATE _smithers_attempts SET state = ?, finished_at_ms = ?, error_json = ?, stack = ?
     WHERE run_id = ? AND node_id = ? AND iteration = ? AND attempt = ?`,
    state,
    nowMs,
    error && JSON.stringify(error),
    stack,
    runId,
    nodeId,
    iteration,
    attempt,
  );
  if (!calledTools) return;
  driver.run(
    `UPDATE _smithers_tool_calls SET state = ?, finished_at_ms = ?
     WHERE run_id = ? AND node_id = ? AND iteration = ? AND attempt = ? AND state = 'running'`,
    state === "finished" ? "cancelled" : state,
    nowMs,
    runId,
    nodeId,
    iteration,
    attempt,
  );
}

function putTimer(driver: Driver, runId: string, timer: TurnRecord["timers"][number]): void {
  driver.run(
    `INSERT INTO _smithers_timers (run_id, node_id, iteration, fires_at_ms, state) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET state = excluded.state, fires_at_ms = excluded.fires_at_ms`,
    runId,
    timer.nodeId,
    timer.iteration,
    timer.firesAtMs,
    timer.state,
  );
}

/** A decision that was made meanwhile stands: only a pending approval can be withdrawn. */
function putApproval(driver: Driver, approval: Approval): void {
  if (approval.status === "requested") return approvals.upsert(driver, approval);
  driver.run(
    `UPDATE _smithers_approvals SET status = ?
     WHERE run_id = ? AND node_id = ? AND iteration = ? AND status = 'requested'`,
    approval.status,
    approval.runId,
    approval.nodeId,
    approval.iteration,
  );
}

const held = "WHERE run_id = ? AND lease_no = ? AND owner = ?";
/** The texts of changes by what they set: most turns of a run set the same, and a text that is known is found sooner. */
const changeTexts = new Map<string, string>();

/** The number of the run's last event; undefined when the run may only be cancelled. */
function changeRun(driver: Driver, turn: TurnRecord): number | undefined {
  const { release, ...fields } = turn.run;
  let sets = "last_seq = last_seq + ?";
  const params: SqlValue[] = [turn.events.length];
  for (const [column, value] of tables.runs.encodeChange(fields)) {
    sets += `, ${column} = ?`;
    params.push(value);
  }
  if (release) sets += ", owner = NULL";
  const { runId, owner, leaseNo } = turn.lease;
  params.push(runId, leaseNo, owner);
  const row = driver.get<{ lastSeq: number }>(changeText(sets, mayBeCancelledInstead(fields.status)), ...params);
  if (row) return row.lastSeq;
  if (driver.get(`SELECT 1 FROM _smithers_runs ${held}`, runId, leaseNo, owner)) return undefined;
  throw leaseLost(runId);
}

function changeText(sets: string, onlyUncancelled: boolean): string {
  const key = onlyUncancelled ? `${sets}!` : sets;
  let text = changeTexts.get(key);
  if (text === undefined) {
    const uncancelled = onlyUncancelled ? "AND cancel_requested_at_ms IS NULL" : "";
    text = `UPDATE _smithers_runs SET ${sets} ${held} ${uncancelled} RETURNING last_seq AS lastSeq`;
    changeTexts.set(key, text);
  }
  return text;
}

function insertFrame(driver: Driver, runId: string, frame: FrameRecord, nowMs: number): void {
  driver.run(
    "INSERT INTO _smithers_frames (run_id, frame_no, created_at_ms, tree_no) VALUES (?, ?, ?, ?)",
    runId,
    frame.frameNo,
    nowMs,
    keepTree(driver, frame),
  );
}

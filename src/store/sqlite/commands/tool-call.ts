import { leaseLost } from "../../../errors/index.ts";
import type { CommittedEvent, ToolCall } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import { appendEvents } from "../queries/events.ts";
import type { Lease } from "../queries/lease.ts";
import { toolCalls } from "../tables.ts";

/** A call that is about to be made. */
export interface NewToolCall
  extends Pick<ToolCall, "nodeId" | "iteration" | "attempt" | "callNo" | "toolName" | "idempotencyKey"> {
  /** Whether making it twice does more than making it once. */
  readonly repeats: boolean;
}

export interface BegunToolCall {
  /** An earlier attempt began the same call, and it must not be made twice. */
  readonly replayed: boolean;
  readonly events: CommittedEvent[];
}

/** How a call has ended. */
export interface ToolCallEnd
  extends Pick<ToolCall, "nodeId" | "iteration" | "attempt" | "callNo" | "toolName" | "error"> {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/**
 * Records a call before the tool's code starts.
 * @throws LEASE_LOST when another runner has taken the run since
 */
export function beginToolCall(driver: Driver, lease: Lease, call: NewToolCall, nowMs: number): BegunToolCall {
  const { runId, owner, leaseNo } = lease;
  const row = driver.get<{ lastSeq: number }>(
    `UPDATE _smithers_runs SET last_seq = last_seq + 1 WHERE run_id = ? AND lease_no = ? AND owner = ?
     RETURNING last_seq AS lastSeq`,
    runId,
    leaseNo,
    owner,
  );
  if (!row) throw leaseLost(runId);
  const { repeats, ...fields } = call;
  const replayed = repeats && wasBegun(driver, runId, call);
  toolCalls.insert(driver, { runId, ...fields, state: "running", startedAtMs: nowMs, finishedAtMs: null, error: null });
  const { nodeId, iteration, attempt, callNo, toolName } = call;
  const started = { type: "ToolCallStarted", nodeId, iteration, attempt, toolName, callNo } as const;
  const event = replayed ? { ...started, replayed } : started;
  return { replayed, events: appendEvents(driver, runId, [event], row.lastSeq, nowMs) };
}

function wasBegun(driver: Driver, runId: string, call: NewToolCall): boolean {
  const row = driver.get(
    `SELECT 1 FROM _smithers_tool_calls
     WHERE run_id = ? AND node_id = ? AND iteration = ? AND attempt < ? AND idempotency_key = ? LIMIT 1`,
    runId,
    call.nodeId,
    call.iteration,
    call.attempt,
    call.idempotencyKey,
  );
  return row !== undefined;
}

/** Closes a call, in the turn that emits its event. */
export function endToolCall(driver: Driver, runId: string, end: ToolCallEnd): void {
  driver.run(
    `UPDATE _smithers_tool_calls SET state = ?, finished_at_ms = ?, error_json = ?
     WHERE run_id = ? AND node_id = ? AND iteration = ? AND attempt = ? AND call_no = ?`,
    end.error === null ? "finished" : "failed",
    end.finishedAtMs,
    end.error && JSON.stringify(end.error),
    runId,
    end.nodeId,
    end.iteration,
    end.attempt,
    end.callNo,
  );
}

/** A run's tool calls: by node, then in the order in which they were begun. */
export function toolCallsOf(driver: Driver, runId: string): ToolCall[] {
  const sql = `SELECT ${toolCalls.select} FROM _smithers_tool_calls WHERE run_id = ? ORDER BY node_id, iteration, attempt, call_no`;
  return driver.all<Record<string, unknown>>(sql, runId).map((row) => toolCalls.decode(row));
}

import { leaseLost } from "../../../errors/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { BegunToolCall, NewToolCall } from "../../requests.ts";
import type { Lease, ToolCallEnd } from "../../turn.ts";
import { appendEvents } from "../queries/events.ts";
import { toolCalls } from "../tables.ts";

/**
 * Records a call before the tool's code starts.
 * @throws LEASE_LOST when another lease holder has taken the run
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
  const started = { type: "ToolCallStarted", nodeId, iteration, attempt, toolName, callNo, seq: callNo } as const;
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

import type { Driver } from "../../../runtime/index.ts";
import type { NewSignal, ReceivedSignal } from "../../requests.ts";
import { judgeSignal } from "../../rules/signal.ts";
import { oneRow } from "../one-row.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";
import { signals } from "../tables.ts";

/** Stores a signal until a wait of its run consumes it, after {@link judgeSignal} has accepted it. */
export function receiveSignal(driver: Driver, given: NewSignal, nowMs: number): ReceivedSignal {
  const { runId } = given;
  const rows = { run: findRun(driver, runId), lastSeq: lastSignalSeq(driver, runId) };
  const { signal, event } = judgeSignal(rows, given, nowMs);
  signals.insert(driver, signal);
  return { signal, events: appendToInbox(driver, runId, [event], nowMs) };
}

function lastSignalSeq(driver: Driver, runId: string): number {
  const sql = "SELECT coalesce(max(seq), 0) AS seq FROM _smithers_signals WHERE run_id = ?";
  return oneRow<{ seq: number }>(driver, sql, runId).seq;
}

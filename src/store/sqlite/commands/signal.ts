import { noSuchRun, runHasEnded, runIsBeingCancelled } from "../../../errors/index.ts";
import { hasEndedForGood, type Signal } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import type { NewSignal, ReceivedSignal } from "../../requests.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";
import { signals } from "../tables.ts";

/**
 * Keeps a signal until a wait of its run consumes it.
 * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
 */
export function receiveSignal(driver: Driver, given: NewSignal, nowMs: number): ReceivedSignal {
  const { runId, name, data, correlationId = null, receivedBy = null } = given;
  const run = findRun(driver, runId);
  if (!run) throw noSuchRun(runId);
  if (hasEndedForGood(run.status)) throw runHasEnded(runId, run.status);
  if (run.cancelRequestedAtMs !== null) throw runIsBeingCancelled(runId);
  const signal: Signal = {
    runId,
    seq: lastSignalSeq(driver, runId) + 1,
    name,
    correlationId,
    data: data ?? null,
    receivedAtMs: nowMs,
    receivedBy,
    consumedBy: null,
    consumedIteration: null,
  };
  signals.insert(driver, signal);
  const event = { type: "SignalReceived", signalName: name, signalSeq: signal.seq, correlationId } as const;
  return { signal, events: appendToInbox(driver, runId, [event], nowMs) };
}

function lastSignalSeq(driver: Driver, runId: string): number {
  const sql = "SELECT coalesce(max(seq), 0) AS seq FROM _smithers_signals WHERE run_id = ?";
  return driver.get<{ seq: number }>(sql, runId)!.seq;
}

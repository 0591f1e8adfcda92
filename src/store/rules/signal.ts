import { noSuchRun, runHasEnded, runIsBeingCancelled } from "../../errors/index.ts";
import { hasEndedForGood, type NewEvent, type Run, type Signal } from "../../model/index.ts";
import type { NewSignal } from "../requests.ts";

/** The rows that a signal depends on. */
export interface SignalRows {
  readonly run: Run | undefined;
  /** Number of the run's last signal; 0 before the first one. */
  readonly lastSeq: number;
}

export interface JudgedSignal {
  readonly signal: Signal;
  readonly event: NewEvent;
}

/**
 * Checks a signal. It is accepted by a run that may still continue, including a failed one.
 * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
 */
export function judgeSignal({ run, lastSeq }: SignalRows, given: NewSignal, nowMs: number): JudgedSignal {
  const { runId, name, data, correlationId = null, receivedBy = null } = given;
  if (!run) throw noSuchRun(runId);
  if (hasEndedForGood(run.status)) throw runHasEnded(runId, run.status, run.continuedAs);
  if (run.cancelRequestedAtMs !== null) throw runIsBeingCancelled(runId);
  const seq = lastSeq + 1;
  return {
    signal: {
      runId,
      seq,
      name,
      correlationId,
      data: data ?? null,
      receivedAtMs: nowMs,
      receivedBy,
      consumedBy: null,
      consumedIteration: null,
    },
    event: { type: "SignalReceived", signalName: name, signalSeq: seq, correlationId },
  };
}

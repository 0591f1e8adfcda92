import type { CommittedEvent, Moment, Run, Signal } from "../../../model/index.ts";
import type { NodeToRetry, ReceivedSignal, RetriedNode } from "../../requests.ts";
import type { JudgedDecision } from "../../rules/decision.ts";
import type { JudgedRetry } from "../../rules/retry.ts";
import type { JudgedSignal } from "../../rules/signal.ts";
import { tables } from "../../tables.ts";
import type { Write } from "../writer.ts";
import { encodeRow, eventsToAppend } from "./rows.ts";

/** What a write answers when something has changed since it was judged: it must be judged again. */
export const changed = Symbol("changed");

/** Records a decision that was judged. */
export function decideWrite(
  { approval, event }: JudgedDecision,
  now: Moment,
): Write<CommittedEvent[] | typeof changed> {
  const { runId } = approval;
  const events = eventsToAppend(runId, [event], now.nowMs);
  return {
    runId,
    news: true,
    encode: () => ({ do: "decide", ...now, approval: encodeRow(tables.approvals, approval), events: events.encoded }),
    decode: (answer) => (answer === "changed" ? changed : events.numbered(answer as number)),
  };
}

/** Stores a signal that was judged. */
export function signalWrite(judged: JudgedSignal, nowMs: number): Write<ReceivedSignal | typeof changed> {
  const signal: Signal = judged.signal;
  const events = eventsToAppend(signal.runId, [judged.event], nowMs);
  return {
    runId: signal.runId,
    news: true,
    encode: () => ({ do: "receive-signal", signal: encodeRow(tables.signals, signal), events: events.encoded }),
    decode: (answer) => (answer === "changed" ? changed : { signal, events: events.numbered(answer as number) }),
  };
}

/** Asks the owner of a run to cancel it, unless the run has been taken or has ended since it was read. */
export function cancelWrite(run: Run, nowMs: number): Write<Run | typeof changed> {
  const { runId, leaseNo } = run;
  return {
    runId,
    news: true,
    encode: () => ({ do: "cancel", runId, leaseNo, nowMs }),
    decode: (answer) => (answer === true ? run : changed),
  };
}

/** Makes a node pending again, after that was judged. */
export function retryWrite(
  run: Run,
  { nodeId }: NodeToRetry,
  judged: JudgedRetry,
  nowMs: number,
): Write<RetriedNode | typeof changed> {
  const { runId, leaseNo, status } = run;
  const { iteration, reopensRun } = judged;
  const events = eventsToAppend(runId, judged.events, nowMs);
  return {
    runId,
    news: true,
    encode: () => ({
      do: "retry-node",
      runId,
      leaseNo,
      status,
      nodeId,
      iteration,
      nowMs,
      ...(reopensRun && { reopens: true }),
      events: events.encoded,
    }),
    decode: (answer) => (answer === "changed" ? changed : { iteration, events: events.numbered(answer as number) }),
  };
}

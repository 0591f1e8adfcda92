import type { CommittedEvent, NewEvent, SmithersEvent } from "../model/index.ts";

/**
 * The events of a commit as they are stored, each encoded once.
 * @param lastSeq the number of the last one
 */
export function committedEvents(
  runId: string,
  events: readonly NewEvent[],
  lastSeq: number,
  nowMs: number,
): CommittedEvent[] {
  return numbered(runId, events, lastSeq, nowMs, (seq, event) => {
    return { runId, seq, type: event.type, json: JSON.stringify(event), event };
  });
}

/** Like {@link committedEvents}, but makes the JSON of an event only when it is read. */
export function unencodedEvents(
  runId: string,
  events: readonly NewEvent[],
  lastSeq: number,
  nowMs: number,
): CommittedEvent[] {
  return numbered(runId, events, lastSeq, nowMs, (seq, event) => ({
    runId,
    seq,
    type: event.type,
    get json() {
      return JSON.stringify(event);
    },
    event,
  }));
}

function numbered(
  runId: string,
  events: readonly NewEvent[],
  lastSeq: number,
  nowMs: number,
  committed: (seq: number, event: SmithersEvent) => CommittedEvent,
): CommittedEvent[] {
  let seq = lastSeq - events.length;
  return events.map((event) => {
    seq += 1;
    // The type comes first in the JSON.
    return committed(seq, Object.assign({ type: event.type, runId, timestampMs: nowMs }, event) as SmithersEvent);
  });
}

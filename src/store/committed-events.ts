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
  let seq = lastSeq - events.length;
  return events.map((given) => {
    seq += 1;
    const { type, ...fields } = given;
    const event = { type, runId, timestampMs: nowMs, ...fields } as SmithersEvent;
    return { runId, seq, type, json: JSON.stringify(event), event };
  });
}

import { runExists } from "../../../errors/index.ts";
import type { NewEvent, Run } from "../../../model/index.ts";
import type { Idempotency, Started } from "../../requests.ts";
import { idempotencyKeptMs, judgeStart, type KeyRow } from "../../rules/start.ts";
import { tables } from "../../tables.ts";
import type { Write } from "../writer.ts";
import { encodeRow, eventsToAppend } from "./rows.ts";

/**
 * Records a run, or finds the run that the same request has started.
 * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, from `decode`
 */
export function startWrite(run: Run, given: readonly NewEvent[], idempotency: Idempotency | undefined): Write<Started> {
  const { runId, createdAtMs } = run;
  const events = eventsToAppend(runId, given, createdAtMs);
  return {
    runId,
    encode: () => {
      const row = encodeRow(tables.runs, { ...run, lastSeq: given.length });
      if (!idempotency) return { start: { row, events: events.encoded } };
      const since = createdAtMs - idempotencyKeptMs;
      return { do: "start", run: row, events: events.encoded, idempotency: { ...idempotency, since } };
    },
    decode(answer) {
      if (answer === "started") return { runId, events: events.numbered(given.length) };
      if (answer === "exists") throw runExists(runId);
      return { runId: judgeStart(answer as KeyRow, idempotency!, createdAtMs)!, events: [] };
    },
  };
}

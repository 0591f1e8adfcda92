import { afterSeqSchema } from "../../api/index.ts";
import { isLogEnd } from "../../runs/index.ts";
import { eventStream } from "../event-stream.ts";
import { answerStream } from "../http/answer-stream.ts";
import { operation } from "../operation.ts";
import type { RecentRun, RunServices } from "./on-run.ts";

export const streamEvents = operation({
  id: "streamEvents",
  summary: "Stream a run's events: stored ones first, then new ones as they are committed, until the terminal event",
  query: { afterSeq: afterSeqSchema.optional().describe("start after the event with this number") },
  headers: { "Last-Event-ID": afterSeqSchema.optional().describe("like afterSeq, over which it takes precedence") },
  answer: "event",
  answerType: "text/event-stream",
  noContent: "The run has ended, and there is no event after Last-Event-ID: an EventSource stops reconnecting.",
  errors: [],
  async handle({ c, query, headers }, { runId, locate, recent, closing, telemetry }: RunServices) {
    const { database: engine, lastSeq } = recent() ?? (await located(locate));
    // A client that reconnects repeats the query of its first request, and sends its real position in the header.
    const afterSeq = headers["Last-Event-ID"] ?? query.afterSeq ?? 0;
    c.header("X-Last-Seq", String(lastSeq));
    const isReconnect = headers["Last-Event-ID"] !== undefined;
    if (isReconnect && (await isLogEnd(engine.store, runId, afterSeq))) return c.body(null, 204);
    const { store, feed } = engine;
    return answerStream(c, () => eventStream({ runId, afterSeq, store, feed, closing, telemetry }));
  },
});

async function located(locate: RunServices["locate"]): Promise<RecentRun> {
  const { database, run } = await locate();
  return { database, lastSeq: run.lastSeq };
}

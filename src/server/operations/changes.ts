import { SmithersError } from "../../errors/index.ts";
import { changeStream } from "../changes/stream.ts";
import type { ServerContext } from "../context.ts";
import { answerStream } from "../http/answer-stream.ts";
import { operation } from "../operation.ts";

export const streamChanges = operation({
  id: "streamChanges",
  summary:
    "Stream what changes in the lists: `event: run` with the item of a run that has changed, at most 10 times a second " +
    "per run, and `event: approvals` when the pending approvals have changed. Nothing is replayed: read the lists " +
    "again after a reconnect",
  answer: "change",
  answerType: "text/event-stream",
  errors: ["DB_NOT_CONFIGURED"],
  async handle({ c }, { changes, streams, telemetry, options }: ServerContext) {
    if (options.db === undefined) throw new SmithersError("DB_NOT_CONFIGURED", "Listing runs requires a database.");
    return answerStream(c, () => changeStream(changes, streams.signal, telemetry));
  },
});

import type { Hono } from "hono";
import { eventsQuerySchema } from "../../model/index.ts";
import type { ServerContext } from "../context.ts";
import { eventStream } from "../event-stream.ts";
import { check, readQuery, readRunId } from "../request.ts";

export function eventRoutes(app: Hono, { homes, streams }: ServerContext): void {
  app.get("/v1/runs/:runId/events", async (c) => {
    const { engine, run } = await homes.find(readRunId(c));
    const query = readQuery(c, eventsQuerySchema);
    // A client that connects again sends the query of its first request, and where it really stopped in the header.
    const lastEventId = c.req.header("Last-Event-ID");
    const { afterSeq = 0 } = lastEventId ? check(eventsQuerySchema, { afterSeq: lastEventId }, "Last-Event-ID") : query;
    const body = eventStream(engine.store, engine.feed, run.runId, afterSeq, streams.signal);
    return c.body(body, 200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
  });
}

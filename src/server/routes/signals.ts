import type { Context, Hono } from "hono";
import { type SignalAnswer, signalBodySchema } from "../../model/index.ts";
import type { ServerContext } from "../context.ts";
import { readBody, readRunId } from "../request.ts";

export function signalRoutes(app: Hono, { homes }: ServerContext): void {
  const receive = async (c: Context) => {
    const body = await readBody(c, signalBodySchema);
    const { engine, run } = await homes.find(readRunId(c));
    const name = c.req.param("signalName") ?? "";
    const { runId, seq, correlationId, receivedAtMs } = await engine.signal({ ...body, runId: run.runId, name });
    const answer: SignalAnswer = { runId, signalName: name, seq, correlationId, receivedAtMs };
    return c.json(answer);
  };
  app.post("/v1/runs/:runId/signals/:signalName", receive);
  app.post("/signal/:runId/:signalName", receive);
}

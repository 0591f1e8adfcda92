import { eventNameSchema, signalBodySchema } from "../../api/index.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

export const sendSignal = operation({
  id: "sendSignal",
  summary: "Send a signal to a run; it is kept until a wait consumes it",
  params: { signalName: eventNameSchema },
  body: signalBodySchema,
  answer: "signal",
  errors: ["INVALID_INPUT", "RUN_NOT_ACTIVE"],
  async handle({ params: { signalName }, body }, { runId, locate }: RunServices) {
    const { run, database } = await locate();
    const signal = { ...body, runId, name: signalName };
    const { seq, correlationId, receivedAtMs } = await database.signal(signal, run);
    return { runId, signalName, seq, correlationId, receivedAtMs };
  },
});

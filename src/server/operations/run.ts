import { framesQuerySchema, nodeItemSchema, runDetailSchema, runIdAnswerSchema } from "../../api/index.ts";
import { frameSchema } from "../../model/index.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

export const getRun = operation({
  id: "getRun",
  summary: "Get a run's status, output and error",
  answer: runDetailSchema,
  errors: [],
  async handle(_, { runId, reader }: RunServices) {
    return reader.run(runId);
  },
});

export const listNodes = operation({
  id: "listNodes",
  summary: "List a run's nodes in plan order, with their outputs",
  answer: nodeItemSchema.array(),
  errors: [],
  async handle(_, { runId, reader }: RunServices) {
    return reader.nodes(runId);
  },
});

export const listFrames = operation({
  id: "listFrames",
  summary: "List the frames that the workflow rendered, one per change, oldest first",
  query: framesQuerySchema.shape,
  answer: frameSchema.array(),
  errors: [],
  async handle({ c, query: { limit, afterFrameNo } }, { runId, reader }: RunServices) {
    const { frames, hasMore } = await reader.frames(runId, afterFrameNo, limit);
    if (hasMore) nextPage(c, { afterFrameNo: frames.at(-1)!.frameNo });
    return frames;
  },
});

export const cancelRun = operation({
  id: "cancelRun",
  summary: "Cancel a running or waiting run, including its child processes",
  answer: runIdAnswerSchema,
  errors: ["RUN_NOT_ACTIVE"],
  async handle(_, { runId, engine }: RunServices) {
    await (await engine()).cancel(runId);
    return { runId };
  },
});

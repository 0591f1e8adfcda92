import {
  framesQuerySchema,
  nodeItemSchema,
  runDetailSchema,
  runIdAnswerSchema,
  toNodeItems,
  toRunDetail,
} from "../../api/index.ts";
import { frameSchema } from "../../model/index.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

export const getRun = operation({
  id: "getRun",
  summary: "Get a run's status, output and error",
  answer: runDetailSchema,
  errors: [],
  async handle(_, { engine, run, calls }: RunServices) {
    const { store } = engine;
    const [runState, summary, output] = await Promise.all([
      engine.healthOf(run, calls),
      store.countNodes(run.runId),
      store.lastOutput(run),
    ]);
    return toRunDetail(run, runState, summary, output);
  },
});

export const listNodes = operation({
  id: "listNodes",
  summary: "List a run's nodes in plan order, with their outputs",
  answer: nodeItemSchema.array(),
  errors: [],
  async handle(_, { engine: { store }, run: { runId } }: RunServices) {
    const [nodes, outputs] = await Promise.all([store.nodesOf(runId), store.outputsOf(runId)]);
    return toNodeItems(nodes, outputs);
  },
});

export const listFrames = operation({
  id: "listFrames",
  summary: "List the frames that the workflow rendered, one per change, oldest first",
  query: framesQuerySchema.shape,
  answer: frameSchema.array(),
  errors: [],
  async handle({ c, query: { limit, afterFrameNo } }, { engine: { store }, run: { runId } }: RunServices) {
    const { frames, hasMore } = await store.framesAfter(runId, afterFrameNo, limit);
    if (hasMore) nextPage(c, { afterFrameNo: frames.at(-1)!.frameNo });
    return frames;
  },
});

export const cancelRun = operation({
  id: "cancelRun",
  summary: "Cancel a running or waiting run, including its child processes",
  answer: runIdAnswerSchema,
  errors: ["RUN_NOT_ACTIVE"],
  async handle(_, { engine, run: { runId } }: RunServices) {
    await engine.cancel(runId);
    return { runId };
  },
});

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
  summary: "How a run stands",
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
  summary: "Every node of a run, in plan order, with its output",
  answer: nodeItemSchema.array(),
  errors: [],
  async handle(_, { engine: { store }, run: { runId } }: RunServices) {
    const [nodes, outputs] = await Promise.all([store.nodesOf(runId), store.outputsOf(runId)]);
    return toNodeItems(nodes, outputs);
  },
});

export const listFrames = operation({
  id: "listFrames",
  summary: "What the workflow has rendered: one frame per change, oldest first",
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
  summary: "Abort a run that runs or waits, its child processes too",
  answer: runIdAnswerSchema,
  errors: ["RUN_NOT_ACTIVE"],
  async handle(_, { engine, run: { runId } }: RunServices) {
    await engine.cancel(runId);
    return { runId };
  },
});

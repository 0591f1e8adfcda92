import { z } from "zod";
import { framesQuerySchema, nodeQuerySchema, nodesQuerySchema } from "../../api/index.ts";
import { JsonText, LargeJson } from "../../model/index.ts";
import type { OutputForm } from "../../runs/index.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

/** Outputs as their JSON, which answers contain without parsing it. */
const asJson: OutputForm = {
  small: JsonText.of,
  large: (bytes, read) => new LargeJson(bytes, read),
};

export const getRun = operation({
  id: "getRun",
  summary: "Get a run's status, output and error",
  answer: "run",
  errors: [],
  async handle(_, { runId, reader }: RunServices) {
    return reader.run(runId, asJson);
  },
});

export const listNodes = operation({
  id: "listNodes",
  summary: "List a run's nodes in plan order, with their outputs, except large ones",
  query: nodesQuerySchema.shape,
  answer: "nodes",
  errors: [],
  async handle({ c, query }, { runId, reader }: RunServices) {
    const { nodes, nextCursor } = await reader.nodes(runId, query);
    if (nextCursor !== undefined) nextPage(c, { cursor: nextCursor });
    return nodes;
  },
});

export const getNode = operation({
  id: "getNode",
  summary: "Get a node's whole output, its attempts and its tool calls",
  params: { nodeId: z.string() },
  query: nodeQuerySchema.shape,
  answer: "node",
  errors: ["NODE_NOT_FOUND"],
  async handle({ params: { nodeId }, query: { iteration } }, { runId, reader }: RunServices) {
    return (await reader.node(runId, nodeId, iteration, asJson)).node;
  },
});

export const listFrames = operation({
  id: "listFrames",
  summary: "List the frames that the workflow rendered, one per change, newest first",
  query: framesQuerySchema.shape,
  answer: "frames",
  errors: [],
  async handle({ c, query }, { runId, reader }: RunServices) {
    const { frames, hasMore } = await reader.frames(runId, query);
    if (hasMore) nextPage(c, { [query.order === "asc" ? "afterFrameNo" : "beforeFrameNo"]: frames.at(-1)!.frameNo });
    return frames;
  },
});

export const cancelRun = operation({
  id: "cancelRun",
  summary: "Cancel a running or waiting run, including its child processes",
  answer: "runId",
  errors: ["RUN_NOT_ACTIVE"],
  async handle(_, { runId, engine, cancelled }: RunServices) {
    await (await engine()).cancel(runId);
    cancelled?.();
    return { runId };
  },
});

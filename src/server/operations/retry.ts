import { z } from "zod";
import { retryBodySchema, runIdAnswerSchema } from "../../api/index.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

export const retryFailedNode = operation({
  id: "retryNode",
  summary: "Execute a failed node again, with all of its retries, and continue its run",
  params: { nodeId: z.string() },
  body: retryBodySchema,
  answer: runIdAnswerSchema,
  errors: [
    "WORKFLOW_PATH_OUTSIDE_ROOT",
    "WORKFLOW_NOT_ALLOWED",
    "WORKFLOW_INVALID",
    "WORKFLOW_NOT_FOUND",
    "FILE_UNAVAILABLE",
    "NODE_NOT_FOUND",
    "NODE_NOT_FAILED",
    "RUN_IN_PROGRESS",
    "RUN_NOT_ACTIVE",
    "SERVER_CLOSING",
    "WORKER_LOST",
  ],
  async handle({ params: { nodeId }, body: { iteration } }, { runId, engine }: RunServices) {
    await (await engine()).retry({ runId, nodeId, iteration });
    return { runId };
  },
});

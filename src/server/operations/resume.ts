import { z } from "zod";
import { resumeBodySchema, retryBodySchema } from "../../api/index.ts";
import type { ErrorCode } from "../../errors/index.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

/** Error codes of every operation that loads a workflow file and executes a run of it. */
export const executionErrors = [
  "WORKFLOW_PATH_OUTSIDE_ROOT",
  "WORKFLOW_NOT_ALLOWED",
  "WORKFLOW_INVALID",
  "WORKFLOW_NOT_FOUND",
  "FILE_UNAVAILABLE",
  "RUN_IN_PROGRESS",
  "RUN_NOT_ACTIVE",
  "SERVER_CLOSING",
  "WORKER_LOST",
] as const satisfies readonly ErrorCode[];

export const resumeRun = operation({
  id: "resumeRun",
  summary: "Resume a run that is paused, failed or was interrupted by a crash",
  body: resumeBodySchema,
  answer: "runId",
  errors: executionErrors,
  async handle({ body: { workflowPath } }, { runId, engine }: RunServices) {
    await (await engine()).resume(runId, workflowPath === undefined ? undefined : { workflowPath });
    return { runId };
  },
});

export const retryFailedNode = operation({
  id: "retryNode",
  summary: "Execute a failed node again, with all of its retries, and continue its run",
  params: { nodeId: z.string() },
  body: retryBodySchema,
  answer: "runId",
  errors: ["NODE_NOT_FOUND", "NODE_NOT_FAILED", ...executionErrors],
  async handle({ params: { nodeId }, body: { iteration } }, { runId, engine }: RunServices) {
    await (await engine()).retry({ runId, nodeId, iteration });
    return { runId };
  },
});

import { createHash } from "node:crypto";
import { z } from "zod";
import { idempotencyKeySchema, listRunsQuerySchema, type StartRunBody, startRunBodySchema } from "../../api/index.ts";
import { SmithersError } from "../../errors/index.ts";
import type { Idempotency } from "../../store/index.ts";
import { wellFormedTraceparent } from "../../telemetry/index.ts";
import type { ServerContext } from "../context.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";
import { executionErrors } from "./resume.ts";

export const startRun = operation({
  id: "startRun",
  summary: "Start or resume a run; answers as soon as the run is durably recorded",
  headers: {
    "Idempotency-Key": idempotencyKeySchema.optional(),
    traceparent: z
      .string()
      .optional()
      .describe("W3C trace context of the caller, which the run's spans join; ignored if malformed"),
  },
  body: startRunBodySchema,
  answer: "runId",
  errors: [
    "INVALID_INPUT",
    "RUN_ID_REQUIRED",
    "RUN_NOT_FOUND",
    "RUN_ALREADY_EXISTS",
    "IDEMPOTENCY_KEY_REUSED",
    ...executionErrors,
  ],
  async handle({ headers, body }, context: ServerContext) {
    if (!body.resume) return { runId: await start(context, body, headers["Idempotency-Key"], headers.traceparent) };
    if (body.runId === undefined) throw new SmithersError("RUN_ID_REQUIRED");
    return { runId: await resume(context, body.runId, body.workflowPath) };
  },
});

export const listRuns = operation({
  id: "listRuns",
  summary: "List runs, newest first",
  query: listRunsQuerySchema.shape,
  answer: "runs",
  errors: ["DB_NOT_CONFIGURED"],
  async handle({ c, query }, { reader, options }: ServerContext) {
    if (options.db === undefined) throw new SmithersError("DB_NOT_CONFIGURED", "Listing runs requires a database.");
    const { runs, nextCursor } = await reader.runs(query);
    if (nextCursor !== undefined) nextPage(c, { cursor: nextCursor });
    return runs;
  },
});

async function start(
  { databases }: ServerContext,
  body: StartRunBody,
  key: string | undefined,
  parent: string | undefined,
): Promise<string> {
  const { workflowPath: path, input, runId, config } = body;
  if (path === undefined) {
    throw new SmithersError("INVALID_REQUEST", "The request body has no workflowPath.", {
      details: { field: "workflowPath" },
    });
  }
  const idempotency = key === undefined ? undefined : { key, bodyHash: hashOf(body) };
  const started = idempotency && (await databases.findStarted(idempotency));
  if (started !== undefined) return started;
  const traceparent = parent === undefined ? undefined : wellFormedTraceparent(parent);
  return databases.start(path, { input, runId, config, idempotency, traceparent });
}

async function resume({ databases }: ServerContext, runId: string, workflowPath?: string): Promise<string> {
  const { database: engine } = await databases.runs.locate(runId);
  await engine.resume(runId, workflowPath === undefined ? undefined : { workflowPath });
  return runId;
}

function hashOf(body: StartRunBody): Idempotency["bodyHash"] {
  return createHash("sha256").update(JSON.stringify(body)).digest("hex");
}

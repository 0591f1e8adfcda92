import { z } from "zod";
import { errorRecordSchema, nodeSchema, runSchema } from "./entities.ts";
import { runStateSchema } from "./run-state.ts";
import { runStatusSchema } from "./status.ts";

/** Ids of runs: what fits a path segment, a file name and a log line. */
export const runIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, "1 to 128 letters, digits and . _ : -, starting with a letter or digit");

/** Per-run settings. */
export const runConfigSchema = z.strictObject({
  maxConcurrency: z.number().int().positive().max(10_000).optional().describe("attempts running at once; no limit when absent"),
});
export type RunConfig = z.infer<typeof runConfigSchema>;

export const startRunBodySchema = z.strictObject({
  workflowPath: z.string().min(1).max(4096).optional(),
  input: z.unknown().optional(),
  runId: runIdSchema.optional(),
  resume: z.boolean().optional(),
  config: runConfigSchema.optional(),
});
export type StartRunBody = z.infer<typeof startRunBodySchema>;

export const listRunsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  status: runStatusSchema.optional(),
  workflow: z.string().min(1).max(512).optional(),
  cursor: z.string().max(512).optional(),
});
export type ListRunsQuery = z.infer<typeof listRunsQuerySchema>;

export const eventsQuerySchema = z.strictObject({
  afterSeq: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(),
});

export const runIdAnswerSchema = z.object({ runId: z.string() });

export const runListItemSchema = runSchema
  .pick({
    runId: true,
    workflowName: true,
    workflowPath: true,
    status: true,
    createdAtMs: true,
    startedAtMs: true,
    finishedAtMs: true,
    heartbeatAtMs: true,
    parentRunId: true,
    error: true,
  })
  .extend({ runState: runStateSchema });
export type RunListItem = z.infer<typeof runListItemSchema>;

export const runDetailSchema = runSchema
  .pick({ runId: true, workflowName: true, status: true, startedAtMs: true, finishedAtMs: true })
  .extend({
    summary: z.record(z.string(), z.number().int()).describe("how many nodes are in each state"),
    runState: runStateSchema,
    output: z.unknown().optional(),
    error: errorRecordSchema.optional(),
  });
export type RunDetail = z.infer<typeof runDetailSchema>;

export const nodeItemSchema = nodeSchema
  .pick({
    nodeId: true,
    iteration: true,
    state: true,
    label: true,
    attempt: true,
    startedAtMs: true,
    finishedAtMs: true,
    error: true,
  })
  .extend({ output: z.unknown().nullable() });
export type NodeItem = z.infer<typeof nodeItemSchema>;

import { z } from "zod";
import { type ErrorCode, errorCodes } from "../errors/index.ts";
import {
  approvalSchema,
  attemptSchema,
  errorRecordSchema,
  nodeSchema,
  runSchema,
  toolCallSchema,
} from "../model/entities.ts";
import { runHealthSchema } from "../model/run-health-schema.ts";
import { runStatusSchema } from "../model/status-schemas.ts";
import { maxListedOutputBytes } from "./limits.ts";

export const healthAnswerSchema = z.object({ ok: z.literal(true) });

export const runIdAnswerSchema = z
  .object({ runId: z.string() })
  .meta({ examples: [{ runId: "5f0c6c0e-3f6c-4a3b-9d53-0a4d3f1f7a52" }] });

/** Body of every error answer. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    message: z.string().describe("what is wrong and what to do, for a person"),
    details: z.unknown().describe("facts for a program, such as the field or the issues; null if there are none"),
  }),
});

/** The one field that every OpenAPI document has. */
export const openApiAnswerSchema = z.looseObject({ openapi: z.string() });

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
    parentNodeId: true,
    error: true,
  })
  .extend({ runState: runHealthSchema });
export type RunListItem = z.infer<typeof runListItemSchema>;

/** The tokens that agents have used, by model. */
const tokenUsageSchema = z
  .object({
    model: z.string().nullable().describe("null for agents that do not tell their model"),
    inputTokens: z.number().int(),
    outputTokens: z.number().int(),
  })
  .array();

export const runDetailSchema = runSchema
  .pick({ runId: true, workflowName: true, status: true, startedAtMs: true, finishedAtMs: true })
  .extend({
    summary: z.record(z.string(), z.number().int()).describe("number of nodes in each state"),
    runState: runHealthSchema,
    failedChildren: z
      .number()
      .int()
      .optional()
      .describe("number of failed nodes that a finished run tolerated; absent when there are none"),
    output: z.unknown().optional(),
    error: errorRecordSchema.optional(),
    parentRunId: z
      .string()
      .optional()
      .describe("id of the run that has started this one: as its Subflow, or by continuing as it"),
    parentNodeId: z.string().optional().describe("id of the parent's Subflow that this run is"),
    continuedFrom: z.string().optional().describe("id of the run that this one continues"),
    continuedAs: z.string().optional().describe("id of the run that continues this one"),
    tokenUsage: tokenUsageSchema
      .optional()
      .describe("tokens that the run's agents have used, by model; absent while none are known"),
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
  .extend({
    output: z.unknown().describe("null until the node has one, and when outputBytes says that it was left out"),
    outputBytes: z
      .number()
      .int()
      .optional()
      .describe(
        `size of an output that was left out of the list, in bytes of JSON: larger than ${maxListedOutputBytes}`,
      ),
    childRunId: z.string().optional().describe("id of the run of a subflow"),
  });
export type NodeItem = z.infer<typeof nodeItemSchema>;

/** One node, with its whole output. */
export const nodeDetailSchema = nodeItemSchema.omit({ outputBytes: true }).extend({
  runId: z.string(),
  kind: nodeSchema.shape.kind,
  output: z.unknown().describe("null until the node has one"),
  attempts: attemptSchema
    .pick({ attempt: true, state: true, startedAtMs: true, finishedAtMs: true, error: true })
    .array()
    .describe("oldest first, the last 100"),
  toolCalls: toolCallSchema
    .pick({
      attempt: true,
      callNo: true,
      toolName: true,
      idempotencyKey: true,
      state: true,
      startedAtMs: true,
      finishedAtMs: true,
      error: true,
      arguments: true,
    })
    .array()
    .describe(
      "in the order in which they began, the last 1,000. `arguments` are without secrets; those over 8 KB are cut and " +
        "have `truncated: true`, and so have those of older calls once those of newer ones have 1 MB",
    ),
  prompts: z
    .object({
      attempt: z.number().int(),
      agent: z.string().describe("the agent's `id`, or its place in the chain"),
      prompt: z.string().describe("without secrets; one over 16 KB is cut, and says so"),
      promptedAtMs: z.number().int().describe("milliseconds since the epoch"),
    })
    .array()
    .optional()
    .describe("what the task's agents were asked, oldest first, the last 20; absent without any"),
  tokenUsage: tokenUsageSchema
    .optional()
    .describe("tokens that the node's agents have used, by model; absent while none are known"),
  agentFailures: z
    .object({
      attempt: z.number().int(),
      agent: z.string().describe("the agent's `id`, or its place in the chain"),
      error: errorRecordSchema,
      failedAtMs: z.number().int().describe("milliseconds since the epoch"),
    })
    .array()
    .optional()
    .describe("agents of the task's chain that have failed, oldest first, the last 100; absent without any"),
});
export type NodeDetail = z.infer<typeof nodeDetailSchema>;

/** A workflow file that may be started. */
export const workflowItemSchema = z.object({
  workflowPath: z.string(),
  name: z.string(),
  description: z.string().optional().describe("the comment above the file's default export"),
  inputSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("JSON Schema of the input; absent when the workflow takes any, and for very large schemas"),
  problem: z.object({ code: z.string(), message: z.string() }).optional().describe("why the file does not load"),
});
export type WorkflowItem = z.infer<typeof workflowItemSchema>;

/** Data of the `approvals` event of the stream of changes: the pending approvals are to be read again. */
export const approvalsChangedSchema = z.strictObject({});

/** A pending approval. */
export const approvalItemSchema = approvalSchema
  .pick({ runId: true, nodeId: true, iteration: true, requestedAtMs: true, note: true, decidedBy: true })
  .extend({
    label: z.string().describe("the node's id where it has no label"),
    workflowName: z.string(),
    runStatus: runStatusSchema,
    requestTitle: z.string().describe("the label where the request has no title"),
    requestSummary: z.string().nullable(),
    waitingMs: z.number().int(),
    mode: approvalSchema.shape.mode,
    options: approvalSchema.shape.options,
    onDeny: approvalSchema.shape.onDeny.describe(
      "what a denial leads to: the node fails, the run continues with the denial as the output, or the node is skipped; null when an earlier release has asked",
    ),
    metadata: z.unknown(),
    dataSchema: z.record(z.string(), z.unknown()).optional().describe("with mode answer: JSON Schema of the answer"),
    asked: z.number().int().optional().describe("with mode answer: number of this asking, from 1"),
    maxAttempts: z.number().int().optional().describe("with mode answer: how often the node asks before it fails"),
    lastError: errorRecordSchema
      .optional()
      .describe("with mode answer: why the last answer does not fit; `details.issues` has the fields"),
    lastAnswer: z.unknown().optional().describe("with mode answer: the last answer, to be corrected"),
  });
export type ApprovalItem = z.infer<typeof approvalItemSchema>;

export const approvalsAnswerSchema = z.object({ approvals: approvalItemSchema.array() });

export const signalAnswerSchema = z.object({
  runId: z.string(),
  signalName: z.string(),
  seq: z.number().int(),
  correlationId: z.string().nullable(),
  receivedAtMs: z.number().int(),
});
export type SignalAnswer = z.infer<typeof signalAnswerSchema>;

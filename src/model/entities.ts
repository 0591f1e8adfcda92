import { z } from "zod";
import { nodeKindSchema, nodeStateSchema, runStatusSchema } from "./status-schemas.ts";

const ms = z.number().int().describe("milliseconds since the epoch");
const json = z.unknown();

/** An error as it is stored with a run, a node or an attempt. */
export const errorRecordSchema = z.object({
  code: z.string(),
  message: z.string(),
  nodeId: z.string().optional(),
  details: z.unknown().optional(),
});

/** Why a run that should have continued could not be claimed. */
export const wakeFailureSchema = z.object({
  code: z.string(),
  /** For a person; of a workflow file that does not load, with file and line. */
  reason: z.string(),
  sinceMs: ms,
});
export type WakeFailure = z.infer<typeof wakeFailureSchema>;

/** What a run hands over to the one that continues it. */
export const continuationSchema = z.object({
  /** The state that the workflow has given; absent when it gave none. */
  payload: json.optional(),
  /** Why the run continues as a new one: its workflow says so, or a loop has run often enough. */
  reason: z.enum(["explicit", "loop-threshold"]),
  /** How many runs in a row have continued as the next one without having finished a node; absent for none. */
  idleRuns: z.number().int().optional(),
});

/** One execution of a workflow. */
export const runSchema = z.object({
  runId: z.string(),
  /** The database that the run lives in, if this row is a mirrored copy. */
  home: z.string().nullable(),
  workflowName: z.string(),
  workflowPath: z.string().nullable(),
  workflowHash: z.string().nullable(),
  status: runStatusSchema,
  input: json,
  config: z.record(z.string(), json),
  createdAtMs: ms,
  startedAtMs: ms.nullable(),
  finishedAtMs: ms.nullable(),
  heartbeatAtMs: ms.nullable(),
  owner: z.string().nullable(),
  leaseNo: z.number().int(),
  lastSeq: z.number().int(),
  frameNo: z.number().int(),
  inboxNo: z.number().int(),
  takenNo: z.number().int(),
  /** When the first retry, timer or time limit of the parked run is due; see {@link RunWake}. */
  wakeAtMs: ms.nullable(),
  wakeWallMs: ms.nullable(),
  wakeSteadyMs: ms.nullable(),
  wakeSteadyClock: z.string().nullable(),
  cancelRequestedAtMs: ms.nullable(),
  /** The run that has started this one: as its Subflow, or by continuing as it. */
  parentRunId: z.string().nullable(),
  /** The Subflow of the parent that this run is; null for any other run. */
  parentNodeId: z.string().nullable(),
  parentIteration: z.number().int().nullable(),
  /** The run that this one continues. */
  continuedFrom: z.string().nullable(),
  /** The run that continues this one. */
  continuedAs: z.string().nullable(),
  /** What the run before has handed over. */
  continuation: continuationSchema.nullable(),
  /** The W3C trace context of the request that started the run. */
  traceparent: z.string().nullable(),
  /** How often the run was taken from a dead owner since it last made progress. */
  crashes: z.number().int(),
  /** How often the failed run was started again. */
  reopened: z.number().int(),
  /** The current iteration of each loop, by the loop's id. */
  loops: z.record(z.string(), z.number().int()),
  outputNodeId: z.string().nullable(),
  outputIteration: z.number().int().nullable(),
  error: errorRecordSchema.nullable(),
  wakeFailure: wakeFailureSchema.nullable(),
  /** Since when tasks of the run wait for a place among the attempts of a server; null when none does. */
  queuedAtMs: ms.nullable(),
});
export type Run = z.infer<typeof runSchema>;

/** One task of a run, in one iteration of its loop (0 outside loops). */
export const nodeSchema = z.object({
  runId: z.string(),
  nodeId: z.string(),
  iteration: z.number().int(),
  kind: nodeKindSchema,
  state: nodeStateSchema,
  /** Position in the last plan that contained the node. */
  ordinal: z.number().int(),
  label: z.string().nullable(),
  loopId: z.string().nullable(),
  /** The last attempt's number; 0 before the first. */
  attempt: z.number().int(),
  /** Failed attempts, which count against the retries. */
  failures: z.number().int(),
  /** Attempts that ended with their process. */
  lostAttempts: z.number().int(),
  startedAtMs: ms.nullable(),
  finishedAtMs: ms.nullable(),
  /** When a retry is due, a timer fires or a wait times out; see {@link Wake}. */
  wakeAtMs: ms.nullable(),
  wakeSteadyMs: ms.nullable(),
  wakeSteadyClock: z.string().nullable(),
  /** Name of the event that the node waits for. */
  awaits: z.string().nullable(),
  /** The signal must have the same correlation id. */
  correlationId: z.string().nullable(),
  error: errorRecordSchema.nullable(),
});
export type Node = z.infer<typeof nodeSchema>;

export const attemptStateSchema = z.enum(["running", "finished", "failed", "cancelled", "lost"]);

/** One execution of a task's code. Recorded before the code starts. */
export const attemptSchema = z.object({
  runId: z.string(),
  nodeId: z.string(),
  iteration: z.number().int(),
  attempt: z.number().int().positive(),
  state: attemptStateSchema,
  startedAtMs: ms,
  finishedAtMs: ms.nullable(),
  error: errorRecordSchema.nullable(),
  /** Where the error was thrown: the author's lines. For people at the machine; no HTTP answer has it. */
  stack: z.string().nullable(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** One call of a tool by a task's code. Recorded before the tool's code starts. */
export const toolCallSchema = z.object({
  runId: z.string(),
  nodeId: z.string(),
  iteration: z.number().int(),
  attempt: z.number().int().positive(),
  /** Number of the call within the attempt, from 1. */
  callNo: z.number().int().positive(),
  toolName: z.string(),
  /** Equal for the same call in every attempt of the node. */
  idempotencyKey: z.string(),
  /** `cancelled` or `lost` if the attempt ended that way during the call. */
  state: attemptStateSchema,
  startedAtMs: ms,
  finishedAtMs: ms.nullable(),
  error: errorRecordSchema.nullable(),
  /** What the tool was called with, without secrets; large ones are cut, and have `truncated: true`. */
  arguments: json,
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/** A finished task's value. */
export const outputSchema = z.object({
  runId: z.string(),
  nodeId: z.string(),
  iteration: z.number().int(),
  /** Position among the run's outputs in the order of storing, from 1. */
  outputNo: z.number().int(),
  schemaKey: z.string(),
  schemaHash: z.string(),
  json: z.string(),
});
export type Output = z.infer<typeof outputSchema>;

/** An option that a person may select or rank. */
export const approvalOptionSchema = z.object({
  key: z.string().describe("the name that a decision uses"),
  label: z.string(),
  summary: z.string().nullable(),
});
export type ApprovalOption = z.infer<typeof approvalOptionSchema>;

export const approvalStatusSchema = z.enum(["requested", "granted", "denied", "expired", "cancelled"]);

/** A request for a person's decision, and the decision once there is one. */
export const approvalSchema = z.object({
  runId: z.string(),
  nodeId: z.string(),
  iteration: z.number().int(),
  status: approvalStatusSchema,
  /** What is asked for: a yes, an option, an order of the options, or a value of a schema. */
  mode: z.enum(["approve", "select", "rank", "answer"]),
  label: z.string().nullable(),
  title: z.string().nullable(),
  summary: z.string().nullable(),
  metadata: json,
  options: z.array(approvalOptionSchema).nullable(),
  requestedAtMs: ms,
  decidedAtMs: ms.nullable(),
  decidedBy: z.string().nullable(),
  note: z.string().nullable(),
  selected: z.string().nullable(),
  ranked: z.array(z.string()).nullable(),
  /** With mode `answer`: the JSON Schema of the answer, and how often it is asked for. */
  form: z.object({ schema: z.record(z.string(), z.unknown()), maxAttempts: z.number().int() }).nullable(),
  /** Number of this asking, from 1; null in modes that ask once. */
  asked: z.number().int().nullable(),
  /** Why the answer before this asking does not fit. */
  refusal: errorRecordSchema.nullable(),
  /** The last answer. One that does not fit is kept, to be corrected. */
  data: json,
  /** What a denial leads to; null for questions that an earlier release has asked. */
  onDeny: z.enum(["fail", "continue", "skip"]).nullable(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** An external event, kept until exactly one wait consumes it. */
export const signalSchema = z.object({
  runId: z.string(),
  seq: z.number().int(),
  name: z.string(),
  correlationId: z.string().nullable(),
  data: json,
  receivedAtMs: ms,
  receivedBy: z.string().nullable(),
  consumedBy: z.string().nullable(),
  consumedIteration: z.number().int().nullable(),
});
export type Signal = z.infer<typeof signalSchema>;

/** One rendering of the workflow's tree. */
export const frameSchema = z.object({
  runId: z.string(),
  frameNo: z.number().int(),
  createdAtMs: ms,
  xmlJson: z.string(),
  xmlHash: z.string(),
  mountedTaskIdsJson: z.string(),
  taskIndexJson: z.string(),
});
export type Frame = z.infer<typeof frameSchema>;

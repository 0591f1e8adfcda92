import { z } from "zod";
import { type EventType, eventTypes } from "./events.ts";
import { runStatusSchema } from "./status-schemas.ts";

const error = z
  .object({
    code: z.string(),
    message: z.string(),
    nodeId: z.string().optional(),
    details: z.unknown().optional(),
  })
  .describe("the error: its stable code, a message for people, the node that failed, and details by code");
const node = {
  nodeId: z.string().describe("id of the node"),
  iteration: z.number().int().nonnegative().describe("iteration of the node's loop, from 0; 0 outside of loops"),
};
const attempt = { ...node, attempt: z.number().int().positive().describe("number of the attempt, from 1") };
const lastAttempt = z
  .number()
  .int()
  .nonnegative()
  .describe("number of the last attempt; 0 for a node that executes nothing, such as a wait");
const correlationId = z.string().nullable().describe("correlation id of the signal; null without one");
const firesAtMs = z.number().int().describe("when the timer fires, in milliseconds since the epoch");
const timesOutAtMs = z
  .number()
  .int()
  .optional()
  .describe("when the wait's time limit ends, in milliseconds since the epoch; absent without a limit");
const decision = {
  ...node,
  decidedBy: z.string().nullable().describe("name of the person who decided"),
  note: z.string().nullable().describe("the reason that was given"),
};
const toolCall = {
  ...attempt,
  toolName: z.string().describe("name of the tool"),
  callNo: z.number().int().describe("number of the call in its attempt, from 1"),
  seq: z
    .number()
    .int()
    .describe("the same as `callNo`; clients that give events the stream's number as `seq` replace it"),
};

const timer = { ...node, timerId: z.string().describe("the same as `nodeId`") };

/** One row per event type: its fields in addition to `type`, `runId` and `timestampMs`. */
export const eventFields = {
  RunStarted: { workflowName: z.string().optional().describe("name of the workflow, as far as it is known") },
  RunStatusChanged: { status: runStatusSchema.describe("the new status") },
  RunFinished: {},
  RunFailed: { error },
  RunCancelled: {},
  RunContinuedAsNew: { newRunId: z.string().describe("id of the run that continues this one") },
  RunAutoResumed: {},
  FrameCommitted: {
    frameNo: z.number().int().describe("number of the frame, from 1"),
    xmlHash: z.string().describe("hash of the rendered tree; equal trees have equal hashes"),
  },
  NodePending: node,
  NodeStarted: attempt,
  NodeFinished: {
    ...node,
    attempt: lastAttempt,
    cached: z.boolean().optional().describe("true if the output was taken from the cache"),
  },
  NodeFailed: { ...node, attempt: lastAttempt, error },
  NodeCancelled: node,
  NodeSkipped: node,
  NodeRetrying: {
    ...attempt,
    delayMs: z.number().int().nonnegative().describe("milliseconds until the next attempt"),
    error,
  },
  NodeWaitingApproval: { ...node, timesOutAtMs },
  NodeWaitingEvent: {
    ...node,
    eventName: z.string().describe("name of the awaited signal"),
    correlationId,
    timesOutAtMs,
    dataSchema: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("JSON Schema of the data that the signal must have; absent if any will do, and for large schemas"),
  },
  NodeWaitingTimer: { ...node, firesAtMs },
  NodeWaitingQuota: {
    ...attempt,
    retryAtMs: z.number().int().describe("when the agents are asked again, in milliseconds since the epoch"),
    error,
  },
  NodeOutput: {
    ...attempt,
    text: z.string().describe("the text, as it was printed"),
    stream: z.enum(["stdout", "stderr"]).describe("the stream that it was printed to"),
  },
  TaskHeartbeat: { ...attempt, data: z.unknown().optional().describe("what the task passed to `heartbeat(data)`") },
  TaskHeartbeatTimeout: attempt,
  ApprovalRequested: {
    ...node,
    asked: z.number().int().optional().describe("for an answer: number of this asking, from 1"),
    error: error.optional().describe("why the answer before this asking does not fit; `details.issues` has the fields"),
  },
  ApprovalGranted: decision,
  ApprovalDenied: decision,
  SignalReceived: {
    signalName: z.string().describe("name of the signal"),
    signalSeq: z.number().int().describe("number of the signal in its run, from 1"),
    correlationId,
  },
  TimerCreated: {
    ...timer,
    timerType: z.enum(["duration", "absolute"]).describe("whether the timer was given a duration or a time"),
    firesAtMs,
  },
  TimerFired: {
    ...timer,
    firesAtMs,
    firedAtMs: z.number().int().describe("when it fired, in epoch ms"),
    delayMs: z.number().int().describe("how much later than planned, in milliseconds"),
  },
  TimerCancelled: timer,
  ToolCallStarted: {
    ...toolCall,
    replayed: z
      .boolean()
      .optional()
      .describe("true if an earlier attempt made the same call, which may already have had its effect"),
  },
  ToolCallFinished: {
    ...toolCall,
    ok: z.boolean().describe("whether the call succeeded"),
    status: z.enum(["success", "error"]).describe("the same as `ok`"),
    error: error.optional(),
  },
  WorkflowReloaded: { workflowHash: z.string().describe("hash of the code of the file and its local imports") },
  AgentFailed: {
    ...attempt,
    agent: z.string().describe("the agent's `id`, or its place in the chain, such as `agent 2`"),
    error,
  },
  AgentPrompted: {
    ...attempt,
    agent: z.string().describe("the agent's `id`, or its place in the chain, such as `agent 2`"),
    prompt: z.string().describe("the prompt without secrets; a long one is cut, and says so"),
  },
  AgentSessionStarted: {
    ...attempt,
    agent: z.string().describe("the agent's `id`, or its place in the chain, such as `agent 2`"),
    sessionId: z.string().describe("id of the agent's conversation; a later attempt continues it"),
  },
  TokenUsageReported: {
    ...attempt,
    agent: z.string().optional().describe("the agent's `id`"),
    model: z.string().optional().describe("the model that answered"),
    aspects: z
      .array(z.string())
      .optional()
      .describe("positions of the `<Aspects>` around the task, whose budgets the tokens count for"),
    inputTokens: z.number().optional().describe("tokens of the prompts"),
    outputTokens: z.number().optional().describe("tokens of the answers"),
  },
  BudgetExceeded: {
    ...node,
    budget: z.enum(["tokens", "latency"]).describe("the budget of `<Aspects>` that is exceeded"),
    of: z.enum(["all", "task"]).describe("whether all tasks below together exceed it, or one alone"),
    used: z.number().describe("the tokens, or milliseconds, that were used"),
    limit: z.number().describe("how many there may be"),
    action: z.enum(["fail", "warn", "skip-remaining"]).describe("what the workflow asks for"),
  },
} as const satisfies Record<EventType, z.ZodRawShape>;

const schemas = new Map(
  eventTypes.map((type) => [
    type,
    z.object({
      type: z.literal(type),
      runId: z.string(),
      timestampMs: z.number().int(),
      ...(eventFields[type] as z.ZodRawShape),
    }),
  ]),
);

/** The Zod schema of one event type, as the HTTP API documents it. */
export const eventSchema = (type: EventType): z.ZodObject => schemas.get(type)!;

/** Schema of any event. */
export const smithersEventSchema = z.union([...schemas.values()]);

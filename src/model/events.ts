import { z } from "zod";
import { runStatusSchema } from "./status.ts";

const error = z.object({
  code: z.string(),
  message: z.string(),
  nodeId: z.string().optional(),
  details: z.unknown().optional(),
});
const node = { nodeId: z.string(), iteration: z.number().int().nonnegative() };
const attempt = { ...node, attempt: z.number().int().positive() };

/** One row per event type: its fields in addition to `type`, `runId` and `timestampMs`. */
const eventFields = {
  RunStarted: { workflowName: z.string().optional() },
  RunStatusChanged: { status: runStatusSchema },
  RunFinished: {},
  RunFailed: { error },
  RunCancelled: {},
  RunContinuedAsNew: { newRunId: z.string() },
  RunAutoResumed: {},
  FrameCommitted: { frameNo: z.number().int(), xmlHash: z.string() },
  NodePending: node,
  NodeStarted: attempt,
  NodeFinished: { ...node, attempt: z.number().int().nonnegative(), cached: z.boolean().optional() },
  NodeFailed: { ...node, attempt: z.number().int().nonnegative(), error },
  NodeCancelled: node,
  NodeSkipped: node,
  NodeRetrying: { ...attempt, delayMs: z.number().int().nonnegative(), error },
  NodeWaitingApproval: node,
  NodeWaitingEvent: { ...node, eventName: z.string(), correlationId: z.string().nullable() },
  NodeWaitingTimer: { ...node, firesAtMs: z.number().int() },
  NodeOutput: { ...attempt, text: z.string(), stream: z.enum(["stdout", "stderr"]) },
  TaskHeartbeat: { ...attempt, data: z.unknown().optional() },
  TaskHeartbeatTimeout: attempt,
  ApprovalRequested: node,
  ApprovalGranted: { ...node, decidedBy: z.string().nullable(), note: z.string().nullable() },
  ApprovalDenied: { ...node, decidedBy: z.string().nullable(), note: z.string().nullable() },
  SignalReceived: { signalName: z.string(), signalSeq: z.number().int(), correlationId: z.string().nullable() },
  TimerCreated: { ...node, firesAtMs: z.number().int() },
  TimerFired: node,
  TimerCancelled: node,
  /** `replayed`: an earlier attempt made the same call, which may already have had its effect. */
  ToolCallStarted: { ...attempt, toolName: z.string(), callNo: z.number().int(), replayed: z.boolean().optional() },
  ToolCallFinished: {
    ...attempt,
    toolName: z.string(),
    callNo: z.number().int(),
    ok: z.boolean(),
    error: error.optional(),
  },
  WorkflowReloaded: { workflowHash: z.string() },
  TokenUsageReported: {
    ...attempt,
    agent: z.string().optional(),
    model: z.string().optional(),
    inputTokens: z.number().optional(),
    outputTokens: z.number().optional(),
  },
} as const satisfies Record<string, z.ZodRawShape>;

export type EventType = keyof typeof eventFields;
export const eventTypes = Object.keys(eventFields) as EventType[];

type FieldsOf<T extends EventType> = z.infer<z.ZodObject<(typeof eventFields)[T]>>;

/** An event without the run's id and the timestamp, which the store adds. */
export type NewEvent = {
  [T in EventType]: { type: T } & (keyof (typeof eventFields)[T] extends never ? unknown : FieldsOf<T>);
}[EventType];

/** An event as it is stored and streamed. */
export type SmithersEvent = NewEvent & { runId: string; timestampMs: number };

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

/** A stored event: its position in the run's log, and its JSON, encoded once at the commit. */
export interface StoredEvent {
  runId: string;
  seq: number;
  type: EventType;
  json: string;
}

/** A freshly committed event, with the object that its JSON was made from, to spare readers the parsing. */
export interface CommittedEvent extends StoredEvent {
  readonly event: SmithersEvent;
}

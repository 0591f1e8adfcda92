import type { z } from "zod";
import type { eventFields } from "./event-schemas.ts";

/** The types of events. Their fields are in `event-schemas.ts`, which only a server and the documentation load. */
export const eventTypes = [
  "RunStarted",
  "RunStatusChanged",
  "RunFinished",
  "RunFailed",
  "RunCancelled",
  "RunContinuedAsNew",
  "RunAutoResumed",
  "FrameCommitted",
  "NodePending",
  "NodeStarted",
  "NodeFinished",
  "NodeFailed",
  "NodeCancelled",
  "NodeSkipped",
  "NodeRetrying",
  "NodeWaitingApproval",
  "NodeWaitingEvent",
  "NodeWaitingTimer",
  "NodeWaitingQuota",
  "NodeOutput",
  "TaskHeartbeat",
  "TaskHeartbeatTimeout",
  "ApprovalRequested",
  "ApprovalGranted",
  "ApprovalDenied",
  "SignalReceived",
  "TimerCreated",
  "TimerFired",
  "TimerCancelled",
  "ToolCallStarted",
  "ToolCallFinished",
  "WorkflowReloaded",
  "AgentFailed",
  "AgentPrompted",
  "AgentSessionStarted",
  "TokenUsageReported",
  "BudgetExceeded",
] as const;
export type EventType = (typeof eventTypes)[number];

type FieldsOf<T extends EventType> = z.infer<z.ZodObject<(typeof eventFields)[T]>>;

/** An event without the run's id and the timestamp, which the store adds. */
export type NewEvent = {
  [T in EventType]: { type: T } & (keyof (typeof eventFields)[T] extends never ? unknown : FieldsOf<T>);
}[EventType];

/** An event as it is stored and streamed. */
export type SmithersEvent = NewEvent & { runId: string; timestampMs: number };

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

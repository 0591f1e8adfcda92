import type { EventType, NewEvent, SmithersEvent } from "../model/events.ts";

type FieldsOf<T extends EventType> = Omit<Extract<NewEvent, { type: T }>, "type">;

/** What an event means, and the fields of an example, in addition to those that every event has. */
export interface EventReference<T extends EventType = EventType> {
  readonly about: string;
  readonly example: FieldsOf<T>;
}

const build = { nodeId: "build", iteration: 0 };
const firstAttempt = { ...build, attempt: 1 };
const ship = { nodeId: "ship", iteration: 0 };
const pause = { nodeId: "pause", iteration: 0 };
const error = { code: "TASK_FAILED", message: "The disk is full.", nodeId: "build" };
const call = { ...firstAttempt, toolName: "bash", callNo: 1, seq: 1 };
const timer = { ...pause, timerId: "pause" };

/** The meaning of every event type; docs/events.md and the OpenAPI document are made from it. */
export const eventReference: { readonly [T in EventType]: EventReference<T> } = {
  RunStarted: {
    about: "The run was recorded. It is the first event of every run.",
    example: { workflowName: "release" },
  },
  RunStatusChanged: {
    about: "The run's status changed. A terminal event follows when the run has ended.",
    example: { status: "waiting-approval" },
  },
  RunFinished: { about: "The run has finished.", example: {} },
  RunFailed: {
    about: "The run has failed. More events follow if it is resumed or a node is retried.",
    example: { error },
  },
  RunCancelled: { about: "The run was cancelled.", example: {} },
  RunContinuedAsNew: {
    about: "The run has ended and continues as a new run.",
    example: { newRunId: "release-2" },
  },
  RunAutoResumed: {
    about: "Another process took the run over from one that had died.",
    example: {},
  },
  FrameCommitted: {
    about: "The workflow rendered a tree that differs from the one before, and the tree was stored.",
    example: { frameNo: 1, xmlHash: "8c1d0f6a52b7e934" },
  },
  NodePending: {
    about: "The node was mounted for the first time, or is to be executed again.",
    example: build,
  },
  NodeStarted: { about: "An attempt was recorded and is being executed.", example: firstAttempt },
  NodeFinished: {
    about: "The node has finished, and its output is stored.",
    example: firstAttempt,
  },
  NodeFailed: {
    about: "The node has failed for good. The run fails too, unless the node has `continueOnFail`.",
    example: { ...build, attempt: 4, error },
  },
  NodeCancelled: {
    about: "The node was cancelled: the run was cancelled, or the node is no longer mounted.",
    example: build,
  },
  NodeSkipped: {
    about:
      "The node was skipped: by `skipIf`, by `onDeny` or `onTimeout`, because a dependency was skipped, or because the " +
      "run finished without it.",
    example: build,
  },
  NodeRetrying: {
    about: "An attempt failed, and another one follows.",
    example: { ...firstAttempt, delayMs: 231, error },
  },
  NodeWaitingApproval: { about: "The node waits for a person's decision.", example: ship },
  NodeWaitingEvent: {
    about: "The node waits for a signal.",
    example: { nodeId: "payment", iteration: 0, eventName: "payment", correlationId: "order-17" },
  },
  NodeWaitingTimer: { about: "The node waits for a timer.", example: { ...pause, firesAtMs: 1_795_836_000_000 } },
  NodeWaitingQuota: {
    about: "The provider of each of the task's agents refuses for now. The task runs again at `retryAtMs`.",
    example: {
      ...firstAttempt,
      retryAtMs: 1_795_752_183_709,
      error: { code: "QUOTA_EXCEEDED", message: 'The providers of the agents of "build" refuse: Too many requests.' },
    },
  },
  NodeOutput: {
    about: "A task printed a text: with `task.output(text)`, through a command of `bash`, or through its agent.",
    example: { ...firstAttempt, text: "ok 12 tests\n", stream: "stdout" },
  },
  TaskHeartbeat: {
    about: "A task called `heartbeat()`. At most one event a second is stored for an attempt.",
    example: { ...firstAttempt, data: { uploaded: 42 } },
  },
  TaskHeartbeatTimeout: {
    about: "An attempt sent no heartbeat for `heartbeatTimeoutMs` and was ended.",
    example: firstAttempt,
  },
  ApprovalRequested: { about: "A decision was requested. It is listed among the pending approvals.", example: ship },
  ApprovalGranted: { about: "The decision is yes.", example: { ...ship, decidedBy: "ada", note: "all green" } },
  ApprovalDenied: { about: "The decision is no.", example: { ...ship, decidedBy: "ada", note: null } },
  SignalReceived: {
    about: "A signal arrived. It is stored until a wait with its name and correlation id consumes it.",
    example: { signalName: "payment", signalSeq: 1, correlationId: "order-17" },
  },
  TimerCreated: {
    about: "A timer was set.",
    example: { ...timer, timerType: "duration", firesAtMs: 1_795_836_000_000 },
  },
  TimerFired: {
    about: "The timer fired.",
    example: { ...timer, firesAtMs: 1_795_836_000_000, firedAtMs: 1_795_836_000_002, delayMs: 2 },
  },
  TimerCancelled: { about: "The timer was cancelled with its node.", example: timer },
  ToolCallStarted: { about: "A tool call was recorded and is being made.", example: call },
  ToolCallFinished: { about: "A tool call ended.", example: { ...call, ok: true, status: "success" } },
  WorkflowReloaded: {
    about: "The run continues with an edited workflow.",
    example: { workflowHash: "5f1d3c0b9a7e4826" },
  },
  AgentFailed: {
    about: "An agent of the task failed. The next one of the chain is asked, if there is one.",
    example: { ...firstAttempt, agent: "reviewer", error: { code: "AGENT_FAILED", message: "Too many requests." } },
  },
  AgentPrompted: {
    about: "An agent is asked: for the first time, or because its last answer does not fit.",
    example: { ...firstAttempt, agent: "reviewer", prompt: "Review the change.\n\nAnswer with one JSON value, …" },
  },
  AgentSessionStarted: {
    about: "A coding agent began a conversation, or continues one. A retry of the task continues it too.",
    example: { ...firstAttempt, agent: "claude", sessionId: "0b7c2f4e-5d1a-4c39-9a64-3f2f7a1f9f10" },
  },
  TokenUsageReported: {
    about: "An agent reported the tokens of its answer.",
    example: { ...firstAttempt, agent: "reviewer", model: "claude-sonnet-4-5", inputTokens: 1_204, outputTokens: 86 },
  },
  BudgetExceeded: {
    about: "A task was about to start, or ended, with a budget of `<Aspects>` used up.",
    example: { ...build, budget: "tokens", of: "all", used: 120_450, limit: 100_000, action: "fail" },
  },
};

/** The example of an event type as a stream sends it. */
export function exampleEvent(type: EventType): SmithersEvent {
  const every = { type, runId: "release-1", timestampMs: 1_795_752_123_709 };
  return { ...every, ...eventReference[type].example } as SmithersEvent;
}

import { isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import { type ApprovalSpec, decisionValue, type EventSpec, fromJson, type TimerSpec } from "../../jsx/index.ts";
import { type Approval, msUntil, type Node, noWake, type Signal, wakeAfter, wakeOn } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { type TaskValue, toTaskValue } from "../attempt/value.ts";
import { isUsable, takeAnswer } from "./answers.ts";
import { finishTask } from "./attempt-results.ts";
import { dataSchemaOf } from "./data-schema.ts";
import type { TurnDraft } from "./draft.ts";
import { isGranted, questionOf } from "./question.ts";

/** Asks a person for a decision. One that was granted before the run failed and was resumed is not asked for again. */
export async function requestApproval(draft: TurnDraft, node: Node, task: PlannedTask): Promise<void> {
  if (task.spec.kind === "approval" && task.spec.granted) return grantAtOnce(draft, node, task, task.spec);
  const before = draft.runState.approval(task.key);
  // An answer that did not fit has failed the node; a retry asks again.
  if (before && isGranted(before, task) && (await isUsable(before, task))) {
    return void beginWait(draft, node, "waiting-approval");
  }
  const approval: Approval = {
    ...questionOf(task),
    runId: node.runId,
    nodeId: node.nodeId,
    iteration: node.iteration,
    status: "requested",
    // Tells the questions of one node apart, also those of one millisecond.
    requestedAtMs: Math.max(draft.nowMs, (before?.requestedAtMs ?? 0) + 1),
    decidedAtMs: null,
    decidedBy: null,
    note: null,
    selected: null,
    ranked: null,
    asked: null,
    refusal: null,
    data: null,
    ...(task.spec.kind === "approval" && task.spec.answer && { asked: 1 }),
    onDeny: task.spec.kind === "approval" ? task.spec.onDeny : "fail",
  };
  const at = { nodeId: node.nodeId, iteration: node.iteration };
  const timeoutMs = task.spec.kind === "approval" ? task.spec.timeoutMs : undefined;
  const limit = beginWait(draft, node, "waiting-approval", timeoutMs);
  draft.putApproval(approval);
  draft.emit({ type: "ApprovalRequested", ...at, ...(approval.asked !== null && { asked: approval.asked }) });
  draft.emit({ type: "NodeWaitingApproval", ...at, ...limit });
}

/** Waits for a signal from outside. */
export function beginEventWait(draft: TurnDraft, node: Node, spec: EventSpec): void {
  const limit = beginWait(draft, node, "waiting-event", spec.timeoutMs);
  draft.changeNode(node, { awaits: spec.event, correlationId: spec.correlationId });
  const dataSchema = dataSchemaOf(spec);
  draft.emit({
    type: "NodeWaitingEvent",
    nodeId: node.nodeId,
    iteration: node.iteration,
    eventName: spec.event,
    correlationId: spec.correlationId,
    ...limit,
    ...(dataSchema && { dataSchema }),
  });
}

/** Waits until a time that is fixed from now on. */
export function beginTimer(draft: TurnDraft, node: Node, spec: TimerSpec): void {
  const wake = spec.untilMs === undefined ? wakeAfter(draft.now, spec.durationMs ?? 0) : wakeOn(spec.untilMs);
  const firesAtMs = wake.wakeAtMs!;
  const at = { nodeId: node.nodeId, iteration: node.iteration };
  draft.changeNode(node, { state: "waiting-timer", startedAtMs: draft.nowMs, ...wake });
  draft.putTimer(node, firesAtMs, "pending");
  const timerType = spec.untilMs === undefined ? "duration" : "absolute";
  draft.emit({ type: "TimerCreated", ...at, timerId: node.nodeId, timerType, firesAtMs });
  draft.emit({ type: "NodeWaitingTimer", ...at, firesAtMs });
}

/** Ends a node's wait if its decision, signal or time has come; returns whether it did. */
export async function resolveWait(draft: TurnDraft, node: Node, task: PlannedTask): Promise<boolean> {
  switch (node.state) {
    case "waiting-approval":
      return resolveApproval(draft, node, task);
    case "waiting-event":
      return task.spec.kind === "event" && resolveEvent(draft, node, task, task.spec);
    case "waiting-timer":
      return resolveTimer(draft, node, task);
    default:
      return false;
  }
}

/** Finishes an Approval that the workflow grants by itself, and withdraws its question if a person was asked. */
async function grantAtOnce(draft: TurnDraft, node: Node, task: PlannedTask, spec: ApprovalSpec): Promise<void> {
  const asked = draft.runState.approval(task.key);
  if (asked?.status === "requested") draft.putApproval({ ...asked, status: "cancelled" });
  const decided = {
    approved: true,
    note: null,
    decidedBy: null,
    decidedAtMs: draft.nowMs,
    selected: null,
    ranked: null,
  };
  await finishWait(draft, node, task, () => toTaskValue(node.nodeId, spec.output, decisionValue(spec, decided)));
}

async function resolveApproval(draft: TurnDraft, node: Node, task: PlannedTask): Promise<boolean> {
  const approval = draft.runState.approval(task.key);
  if (approval?.status === "granted" || approval?.status === "denied") {
    draft.decisions.push(approval);
    const spec = task.spec.kind === "approval" ? task.spec : undefined;
    if (spec?.answer && approval.status === "granted") await takeAnswer(draft, node, task, spec, approval);
    else if (spec) await finishApproval(draft, node, task, spec, approval);
    else if (approval.status === "granted") draft.changeNode(node, { state: "pending", ...noWake });
    else draft.settle(node, "failed", denied(node, approval));
    return true;
  }
  if (task.spec.kind === "approval" && task.spec.granted) {
    await grantAtOnce(draft, node, task, task.spec);
    return true;
  }
  if (!isDue(draft, node)) return false;
  if (approval) draft.putApproval({ ...approval, status: "expired" });
  const error = new SmithersError("APPROVAL_TIMEOUT", `"${node.nodeId}" was not decided in time.`);
  draft.settle(node, "failed", toErrorRecord(error));
  return true;
}

async function finishApproval(draft: TurnDraft, node: Node, task: PlannedTask, spec: ApprovalSpec, approval: Approval) {
  const approved = approval.status === "granted";
  if (!approved && spec.onDeny === "fail") return draft.settle(node, "failed", denied(node, approval));
  if (!approved && spec.onDeny === "skip") return draft.settle(node, "skipped");
  await finishWait(draft, node, task, () =>
    toTaskValue(node.nodeId, spec.output, decisionValue(spec, { ...approval, approved })),
  );
}

/** Whether a wait takes a signal: it is for the same event and has the same correlation id, or neither has one. */
export function takesSignal(
  wait: { event: string | null; correlationId: string | null },
  signal: Pick<Signal, "name" | "correlationId">,
): boolean {
  return wait.event === signal.name && wait.correlationId === signal.correlationId;
}

async function resolveEvent(draft: TurnDraft, node: Node, task: PlannedTask, spec: EventSpec): Promise<boolean> {
  const signal = draft.runState.takeSignal((one) => takesSignal(spec, one));
  if (signal) {
    draft.consume(signal, node);
    await finishWait(draft, node, task, () => toEventValue(spec, signal.data));
    return true;
  }
  if (!isDue(draft, node)) return false;
  if (spec.onTimeout === "skip") draft.settle(node, "skipped");
  else if (spec.onTimeout === "continue") finishTask(draft, node, task, { json: "null", value: null });
  else {
    const error = new SmithersError(
      "WAIT_TIMEOUT",
      `"${node.nodeId}" did not receive the event "${spec.event}" in time.`,
    );
    draft.settle(node, "failed", toErrorRecord(error));
  }
  return true;
}

function resolveTimer(draft: TurnDraft, node: Node, task: PlannedTask): boolean {
  if (!isDue(draft, node)) return false;
  const { nodeId, iteration, wakeAtMs } = node;
  const times = { firesAtMs: wakeAtMs!, firedAtMs: draft.nowMs, delayMs: Math.max(draft.nowMs - wakeAtMs!, 0) };
  draft.putTimer(node, wakeAtMs!, "fired");
  draft.emit({ type: "TimerFired", nodeId, iteration, timerId: nodeId, ...times });
  const value = { firedAtMs: draft.nowMs };
  finishTask(draft, node, task, { json: JSON.stringify(value), value });
  return true;
}

/**
 * Validates an event's data, and encodes it as the value of its wait.
 * @throws INVALID_OUTPUT with the Zod issues when it does not fit the wait's schema or the output's; OUTPUT_TOO_LARGE
 */
export async function toEventValue(spec: EventSpec, data: unknown): Promise<TaskValue> {
  const { id, event, output, payloadSchema } = spec;
  try {
    if (!payloadSchema) return await toTaskValue(id, output, data, fromJson(output));
    const payload = { ...output, schema: payloadSchema };
    const { value } = await toTaskValue(id, payload, data, fromJson(payload));
    return await toTaskValue(id, output, value);
  } catch (error) {
    if (!isSmithersError(error) || error.code !== "INVALID_OUTPUT") throw error;
    const message = `"${id}" received a signal "${event}" whose data does not fit its schema.`;
    throw new SmithersError("INVALID_OUTPUT", message, { details: error.details, cause: error });
  }
}

/** Ends a wait with a value. One that does not fit its schema fails the node, as a task's result does. */
async function finishWait(
  draft: TurnDraft,
  node: Node,
  task: PlannedTask,
  read: () => Promise<TaskValue>,
): Promise<void> {
  try {
    finishTask(draft, node, task, await read());
  } catch (error) {
    draft.settle(node, "failed", toErrorRecord(error, "INVALID_OUTPUT"));
  }
}

/** Returns the wait's time limit as its event has it. */
function beginWait(
  draft: TurnDraft,
  node: Node,
  state: "waiting-approval" | "waiting-event",
  timeoutMs?: number,
): { timesOutAtMs?: number } {
  const wake = timeoutMs === undefined ? noWake : wakeAfter(draft.now, timeoutMs);
  draft.changeNode(node, { state, startedAtMs: draft.nowMs, ...wake });
  return wake.wakeAtMs === null ? {} : { timesOutAtMs: wake.wakeAtMs };
}

function isDue(draft: TurnDraft, node: Node): boolean {
  return msUntil(node, draft.now) <= 0;
}

function denied(node: Node, approval: Approval) {
  const by = approval.decidedBy === null ? "" : ` by ${approval.decidedBy}`;
  const note = approval.note === null ? "" : `: ${approval.note}`;
  return toErrorRecord(new SmithersError("APPROVAL_DENIED", `"${node.nodeId}" was denied${by}${note}.`));
}

import { type ErrorRecord, SmithersError } from "../../errors/index.ts";
import {
  firstWake,
  isQuotaWait,
  isWaiting,
  type Moment,
  type Node,
  noRunWake,
  type RunStatus,
  type RunWake,
} from "../../model/index.ts";
import { type ContinuePoint, nodeKey, type Schedule } from "../../plan/index.ts";
import type { TurnDraft } from "./draft.ts";
import type { RunState } from "./run-state.ts";

/** What a turn leaves its run as. */
export type TurnOutcome =
  | { kind: "active"; wake: RunWake }
  | { kind: "parked"; status: Extract<RunStatus, `waiting-${string}`>; wake: RunWake }
  | { kind: "finished" }
  | { kind: "failed"; error: ErrorRecord & { nodeId?: string } }
  | { kind: "continued"; at: ContinuePoint };

/**
 * Derives the outcome of a turn from what its last frame allows.
 * @param queued how many tasks wait for a place
 */
export function outcomeOf(schedule: Schedule, runState: RunState, now: Moment, queued: number): TurnOutcome {
  const { failed, exhausted, running, ready, waiting, paused, blocked, settled } = schedule;
  if (settled) return { kind: "finished" };
  // Running attempts end first: their results are kept for a resume.
  if (running + queued > 0) return { kind: "active", wake: wakeOf(schedule, runState, now) };
  if (failed) {
    const error = runState.node(failed.key)?.error ?? { code: "TASK_FAILED", message: `"${failed.nodeId}" failed.` };
    return { kind: "failed", error: { ...error, nodeId: failed.nodeId } };
  }
  if (exhausted) {
    const { id, maxIterations } = exhausted.spec;
    const message = `The loop "${id}" ran ${maxIterations} times, and its until is still false.`;
    return { kind: "failed", error: new SmithersError("LOOP_MAX_REACHED", message).toRecord() };
  }
  if (schedule.continuation) return { kind: "continued", at: schedule.continuation };
  // A provider may refuse for hours; a retry is due within a minute.
  const refused = paused.filter(({ key }) => isQuotaWait(runState.node(key)!));
  if (paused.length > refused.length || ready.length > 0) {
    return { kind: "active", wake: wakeOf(schedule, runState, now) };
  }
  if (waiting.length > 0 || refused.length > 0) {
    // A subflow's run says more than its node.
    const states = new Set(waiting.map(({ key }) => runState.child(key)?.status ?? runState.node(key)?.state));
    const status =
      (["waiting-approval", "waiting-event", "waiting-timer"] as const).find((state) => states.has(state)) ??
      "waiting-quota";
    return { kind: "parked", status, wake: wakeOf(schedule, runState, now) };
  }
  const names = blocked.map(({ task, waitsFor }) => `"${task.nodeId}" (waits for ${waitsFor.join(", ")})`).join("; ");
  const error = new SmithersError("DEPENDENCY_UNMET", `Nothing can run any more: ${names || "no node is ready"}.`);
  return { kind: "failed", error: error.toRecord() };
}

/** When the run next needs a turn by itself: for a retry, a timer or a timeout. */
function wakeOf({ waiting, paused, subflows }: Schedule, runState: RunState, now: Moment): RunWake {
  if (waiting.length + paused.length + subflows.length === 0) return noRunWake;
  const nodes = [...waiting, ...paused, ...subflows]
    .map(({ key }) => runState.node(key))
    .filter((node) => node !== undefined);
  return firstWake(nodes, now);
}

export type RunEnd =
  | { status: "finished" }
  | { status: "cancelled" }
  | { status: "failed"; error: ErrorRecord }
  | { status: "continued"; newRunId: string };

/** Ends a run: sets its status, emits its events and closes every open node. */
export function endRun(draft: TurnDraft, end: RunEnd): void {
  for (const node of draft.runState.nodes()) closeNode(draft, node, end.status);
  const error = end.status === "failed" ? end.error : null;
  draft.changeRun({ status: end.status, finishedAtMs: draft.nowMs, error, ...noRunWake, release: true });
  if (draft.runState.run.queuedAtMs !== null) draft.changeRun({ queuedAtMs: null });
  draft.emit({ type: "RunStatusChanged", status: end.status });
  if (end.status === "failed") draft.emit({ type: "RunFailed", error: end.error });
  else if (end.status === "finished") draft.emit({ type: "RunFinished" });
  else if (end.status === "continued") draft.emit({ type: "RunContinuedAsNew", newRunId: end.newRunId });
  else draft.emit({ type: "RunCancelled" });
}

function closeNode(draft: TurnDraft, node: Node, status: RunEnd["status"]): void {
  if (node.state !== "pending") return cancelNode(draft, node);
  // A failed run may be resumed: what it did not reach stays pending.
  if (status !== "failed") draft.settle(node, status === "finished" ? "skipped" : "cancelled");
}

/** Cancels a node that runs or waits, with its attempt or its wait. Leaves any other node as it is. */
export function cancelNode(draft: TurnDraft, node: Node): void {
  const { nodeId, iteration } = node;
  if (node.kind === "subflow" && (node.state === "in-progress" || isWaiting(node.state))) {
    draft.cancelChild(node);
    draft.endAttempt(node, "cancelled");
    return draft.settle(node, "cancelled");
  }
  switch (node.state) {
    case "waiting-timer":
      draft.putTimer(node, node.wakeAtMs ?? draft.nowMs, "cancelled");
      draft.emit({ type: "TimerCancelled", nodeId, iteration, timerId: nodeId });
      return draft.settle(node, "cancelled");
    case "in-progress":
      draft.endAttempt(node, "cancelled");
      return draft.settle(node, "cancelled");
    case "waiting-approval": {
      const approval = draft.runState.approval(nodeKey(nodeId, iteration));
      if (approval?.status === "requested") draft.putApproval({ ...approval, status: "cancelled" });
      return draft.settle(node, "cancelled");
    }
    case "waiting-event":
      return draft.settle(node, "cancelled");
    default:
      return;
  }
}

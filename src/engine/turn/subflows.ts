import { type ErrorRecord, isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import type { SubflowSpec } from "../../jsx/index.ts";
import {
  hasEnded,
  isWaiting,
  msUntil,
  type Node,
  type NodeState,
  noRunWake,
  type Run,
  wakeAfter,
} from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import type { ChildRun, Store } from "../../store/index.ts";
import { type TaskValue, toTaskValue } from "../attempt/value.ts";
import { newRun, startEvent, toInput } from "../run/create.ts";
import { failOrRetry, finishTask } from "./attempt-results.ts";
import type { TurnDraft } from "./draft.ts";

/** A planned Subflow. */
export type PlannedSubflow = PlannedTask & { readonly spec: SubflowSpec };

export const isSubflow = (task: PlannedTask): task is PlannedSubflow => task.spec.kind === "subflow";

/**
 * Begins an attempt of a Subflow: its run is recorded with the turn, or runs again when it has failed before.
 * @throws INVALID_INPUT
 */
export async function startSubflow(draft: TurnDraft, node: Node, spec: SubflowSpec): Promise<void> {
  const input = await toInput(spec.workflow, spec.input);
  draft.startAttempt(node);
  if (spec.timeoutMs !== undefined) draft.changeNode(node, wakeAfter(draft.now, spec.timeoutMs));
  draft.startChild(node, runOf(draft.runState.run, node, spec, input, draft.nowMs));
}

/** The row of a Subflow's run, without an owner. */
function runOf(parent: Run, { nodeId, iteration }: Node, { id }: SubflowSpec, input: unknown, nowMs: number) {
  const run: Run = {
    ...newRun({ input: null, config: parent.config, traceparent: parent.traceparent ?? undefined }, "", input, nowMs),
    ...noRunWake,
    // Until its own is rendered.
    workflowName: id,
    // Its code is found through the parent's file.
    workflowPath: parent.workflowPath,
    workflowHash: parent.workflowHash,
    owner: null,
    heartbeatAtMs: null,
    parentRunId: parent.runId,
    parentNodeId: nodeId,
    parentIteration: iteration,
  };
  return {
    run,
    events: [startEvent(run)],
    reopenEvents: [{ type: "RunStatusChanged", status: "running" } as const],
  };
}

/** Takes in what has become of a Subflow's run; returns whether the node has changed. */
export async function resolveSubflow(
  draft: TurnDraft,
  node: Node,
  task: PlannedSubflow,
  store: Pick<Store, "readResult">,
): Promise<boolean> {
  if (node.state !== "in-progress" && !isWaiting(node.state)) return false;
  const child = draft.runState.child(task.key);
  if (child && hasEnded(child.status)) {
    await endSubflow(draft, node, task, child, store);
    return true;
  }
  if (msUntil(node, draft.now) <= 0) {
    const error = new SmithersError(
      "TASK_TIMEOUT",
      `The run of the subflow "${node.nodeId}" took longer than ${task.spec.timeoutMs} ms.`,
    );
    draft.cancelChild(node);
    failAttempt(draft, node, task, error.toRecord(), true);
    return true;
  }
  if (!child) return false;
  const state = stateFor(child);
  if (node.state === state && node.awaits === child.runId) return false;
  draft.changeNode(node, { state, awaits: child.runId });
  return true;
}

/** A node has the state of its run. There is none for a run that waits for a provider: that is a matter of time too. */
function stateFor({ status }: ChildRun): NodeState {
  if (status === "waiting-quota") return "waiting-timer";
  return isWaiting(status) ? status : "in-progress";
}

async function endSubflow(
  draft: TurnDraft,
  node: Node,
  task: PlannedSubflow,
  child: ChildRun,
  store: Pick<Store, "readResult">,
): Promise<void> {
  const { runId, status } = child;
  draft.changeNode(node, { awaits: runId });
  if (status === "finished") {
    try {
      const value = await resultOf(task, runId, store);
      draft.endAttempt(node, "finished");
      return finishTask(draft, node, task, value);
    } catch (error) {
      return failAttempt(draft, node, task, toErrorRecord(error, "INVALID_OUTPUT"), false);
    }
  }
  const what = `The run ${runId} of the subflow "${node.nodeId}"`;
  if (status === "cancelled") {
    const error = new SmithersError("TASK_CANCELLED", `${what} was cancelled.`, { details: { childRunId: runId } });
    return failAttempt(draft, node, task, error.toRecord(), false);
  }
  const { code, message, nodeId } = child.error ?? {
    code: "TASK_FAILED",
    message: "without an error",
    nodeId: undefined,
  };
  const details = { childRunId: runId, ...(nodeId !== undefined && { childNodeId: nodeId }) };
  failAttempt(draft, node, task, { code, message: `${what} failed: ${message}`, details }, true);
}

function failAttempt(draft: TurnDraft, node: Node, task: PlannedSubflow, given: ErrorRecord, retryable: boolean): void {
  const error = draft.located(given, node.nodeId);
  draft.endAttempt(node, "failed", { error });
  failOrRetry(draft, node, task, error, retryable);
}

/**
 * What a run has stored last under a schema named `output`, else by its last task; for an output that takes a list, all
 * that it has stored under `output`.
 * @throws INVALID_OUTPUT
 */
async function resultOf(
  { nodeId, spec: { output } }: PlannedSubflow,
  runId: string,
  store: Pick<Store, "readResult">,
): Promise<TaskValue> {
  const { named, last } = await store.readResult(runId);
  const json = named.at(-1) ?? last ?? "null";
  try {
    return await toTaskValue(nodeId, output, JSON.parse(json));
  } catch (error) {
    if (named.length === 0 || !isSmithersError(error) || error.code !== "INVALID_OUTPUT") throw error;
    return await toTaskValue(nodeId, output, JSON.parse(`[${named.join(",")}]`)).catch(() => Promise.reject(error));
  }
}

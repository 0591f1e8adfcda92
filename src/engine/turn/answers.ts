import { type ErrorRecord, isSmithersError, toErrorRecord } from "../../errors/index.ts";
import { type ApprovalSpec, fromJson } from "../../jsx/index.ts";
import type { Approval, Node } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { type TaskValue, toTaskValue } from "../attempt/value.ts";
import { finishTask } from "./attempt-results.ts";
import type { TurnDraft } from "./draft.ts";

/** Finishes a node with a person's answer. One that does not fit is asked for again, `maxAttempts` times in all. */
export async function takeAnswer(
  draft: TurnDraft,
  node: Node,
  task: PlannedTask,
  spec: ApprovalSpec,
  approval: Approval,
): Promise<void> {
  const read = await readAnswer(spec, approval);
  if ("value" in read) return finishTask(draft, node, task, read);
  const asked = approval.asked ?? 1;
  const { maxAttempts } = spec.answer!;
  if (asked >= maxAttempts) {
    const times = maxAttempts === 1 ? "one answer" : `${maxAttempts} answers`;
    const message = `"${node.nodeId}" got ${times} and none that fits. ${read.refusal.message}`;
    return draft.settle(node, "failed", { ...read.refusal, message });
  }
  askAgain(draft, node, { ...approval, asked: asked + 1, refusal: read.refusal });
}

/** Whether a decision that was made before can be used: an answer must fit, any other decision does. */
export async function isUsable(approval: Approval, { spec }: PlannedTask): Promise<boolean> {
  return spec.kind !== "approval" || !spec.answer || "value" in (await readAnswer(spec, approval));
}

async function readAnswer(
  spec: ApprovalSpec,
  { nodeId, data }: Approval,
): Promise<TaskValue | { readonly refusal: ErrorRecord }> {
  try {
    return await toTaskValue(nodeId, spec.output, data, fromJson(spec.answer?.result ?? spec.output));
  } catch (error) {
    const refusal = toErrorRecord(error, "INVALID_OUTPUT");
    if (refusal.code !== "INVALID_OUTPUT") return { refusal };
    // The advice is for authors of tasks, not for who answers.
    const problem = isSmithersError(error) ? error.problem.replace(/^.*?: /s, "") : refusal.message;
    return { refusal: { ...refusal, message: `The answer does not fit: ${problem}` } };
  }
}

function askAgain(draft: TurnDraft, node: Node, approval: Approval): void {
  draft.putApproval({
    ...approval,
    status: "requested",
    requestedAtMs: Math.max(draft.nowMs, approval.requestedAtMs + 1),
    decidedAtMs: null,
    decidedBy: null,
    note: null,
  });
  const at = { nodeId: node.nodeId, iteration: node.iteration };
  draft.emit({ type: "ApprovalRequested", ...at, asked: approval.asked!, error: approval.refusal! });
  draft.emit({
    type: "NodeWaitingApproval",
    ...at,
    ...(node.wakeAtMs !== null && { timesOutAtMs: node.wakeAtMs }),
  });
}

import { type ErrorRecord, SmithersError } from "../../errors/index.ts";
import type { RetrySpec } from "../../jsx/index.ts";
import { type Attempt, type Node, quotaOf, wakeAfter } from "../../model/index.ts";
import { type PlannedTask, retryDelayMs } from "../../plan/index.ts";
import type { AttemptOutcome } from "../attempt/attempt.ts";
import { budgetError } from "../attempt/budget.ts";
import type { TaskValue } from "../attempt/value.ts";
import { attemptBreach } from "./aspects.ts";
import type { TurnDraft } from "./draft.ts";
import { waitForQuota, withQuota } from "./quota-wait.ts";

/** An attempt that has ended in this process. */
export interface Completion {
  readonly task: PlannedTask;
  readonly attempt: Attempt;
  readonly outcome: AttemptOutcome;
  /** Whether it has begun a tool call. */
  readonly calledTools: boolean;
  readonly cacheKey: string | undefined;
}

/** Records how an attempt ended: its node is finished, will be retried, or has failed for good. */
export function recordCompletion(draft: TurnDraft, node: Node, completion: Completion): void {
  const { task, attempt, outcome, calledTools, cacheKey } = completion;
  const breach = attemptBreach(task, draft.nowMs - attempt.startedAtMs);
  if (breach) draft.emit({ type: "BudgetExceeded", nodeId: node.nodeId, iteration: node.iteration, ...breach });
  if (outcome.ok && breach?.action === "fail") {
    const error = budgetError(node.nodeId, breach).toRecord();
    draft.endAttempt(node, "failed", { error });
    return draft.settle(node, "failed", error);
  }
  if (outcome.ok) {
    draft.endAttempt(node, "finished", { calledTools });
    finishTask(draft, node, task, outcome.value);
    if (cacheKey !== undefined) draft.cache(cacheKey, outcome.value.json);
    return;
  }
  const error = draft.located(outcome.error, node.nodeId);
  draft.endAttempt(node, "failed", { error, stack: outcome.stack, calledTools });
  if (error.code === "TASK_HEARTBEAT_TIMEOUT") {
    draft.emit({
      type: "TaskHeartbeatTimeout",
      nodeId: node.nodeId,
      iteration: node.iteration,
      attempt: attempt.attempt,
    });
  }
  const mayRetry = retryOf(node, task, outcome.retryable) !== undefined;
  // Another agent of the chain, which failed for another reason, may be asked sooner.
  if (outcome.refusal && (outcome.refusal.isWhole || !mayRetry)) {
    const { timeoutMs } = task.spec as { timeoutMs?: number };
    return waitForQuota(draft, node, error, outcome.refusal, timeoutMs);
  }
  failOrRetry(draft, node, task, error, outcome.retryable);
}

/** Lets a node whose attempt has failed run again later, if it may; otherwise it has failed for good. */
export function failOrRetry(
  draft: TurnDraft,
  node: Node,
  task: PlannedTask,
  error: ErrorRecord,
  retryable: boolean,
): void {
  const retry = retryOf(node, task, retryable);
  draft.changeNode(node, { failures: node.failures + 1 });
  if (retry) retryLater(draft, node, error, retryDelayMs(retry, node.failures, Math.random()));
  else draft.settle(node, "failed", error);
}

/** How a node whose attempt has failed is retried; undefined when it is not. */
function retryOf({ failures }: Node, { spec }: PlannedTask, retryable: boolean): RetrySpec | undefined {
  return retryable && "retry" in spec && failures < spec.retry.retries ? spec.retry : undefined;
}

/**
 * Records that a former owner's attempt ended with its process. How far it got is unknown, and the task runs again;
 * after `maxLostAttempts` lost attempts its node fails.
 * @param how what is known of the process's end
 */
export function recordLostAttempt(draft: TurnDraft, node: Node, maxLostAttempts: number, how?: SmithersError): void {
  const error: ErrorRecord = how?.toRecord() ?? {
    code: "ATTEMPT_LOST",
    message: "The process ended, or lost the run, while the attempt was running.",
  };
  draft.endAttempt(node, "lost", { error });
  draft.changeNode(node, { lostAttempts: node.lostAttempts + 1 });
  if (node.lostAttempts < maxLostAttempts) return retryLater(draft, node, error, 0);
  if (how) {
    const problem = `${how.problem} "${node.nodeId}" has lost ${node.lostAttempts} attempts so.`;
    return draft.settle(node, "failed", new SmithersError(how.code, problem, { details: how.details }).toRecord());
  }
  draft.settle(node, "failed", {
    ...error,
    message: `The process ended, or lost the run, ${node.lostAttempts} times while "${node.nodeId}" was running. Its log may say why. Fix the cause, then resume the run.`,
  });
}

/** Records that an attempt ended with its process, which something else has ended. The task runs again. */
export function recordUnchargedLoss(draft: TurnDraft, node: Node, error: ErrorRecord): void {
  draft.endAttempt(node, "lost", { error });
  retryLater(draft, node, error, 0);
}

/** Finishes a task's node and stores its value under the task's output. */
export function finishTask(draft: TurnDraft, node: Node, task: PlannedTask, value: TaskValue, cached = false): void {
  const { key, hash } = task.spec.output;
  draft.finish(node, { schemaKey: key, schemaHash: hash, ...value }, cached);
}

function retryLater(draft: TurnDraft, node: Node, failure: ErrorRecord, delayMs: number): void {
  const error = withQuota(failure, quotaOf(node));
  draft.changeNode(node, { state: "pending", ...wakeAfter(draft.now, delayMs), error });
  draft.emit({
    type: "NodeRetrying",
    nodeId: node.nodeId,
    iteration: node.iteration,
    attempt: node.attempt,
    delayMs,
    error,
  });
}

/**
 * Notes with a node's error that a catch or a compensation answers the failure. The node stays failed when the run runs
 * again: what was undone must not be followed by what it was done for.
 */
export function noteHandled(draft: TurnDraft, node: Node): void {
  const { error } = node;
  const details = readRecord(error?.details);
  if (!error || details.failureHandled === true) return;
  draft.changeNode(node, { error: { ...error, details: { ...details, failureHandled: true } } });
}

function readRecord(details: unknown): Record<string, unknown> {
  return typeof details === "object" && details !== null && !Array.isArray(details) ? { ...details } : {};
}

import type { ErrorRecord } from "../../errors/index.ts";
import { type Node, type QuotaWait, quotaOf, wakeAfter } from "../../model/index.ts";
import type { Refusal } from "../attempt/refusal.ts";
import type { TurnDraft } from "./draft.ts";

/** The first wait when the provider gives no time. Each further one is twice as long, up to the longest. */
const firstWaitMs = 2_000;
const longestWaitMs = 15 * 60_000;
/** How much later than the provider's time a task may run, to keep tasks that wait together from asking together. */
const spreadMs = 250;

/**
 * Lets a node wait until the providers of its agents may serve again. It uses up no retries. The node fails when its
 * waits together would last longer than its `timeoutMs`.
 */
export function waitForQuota(
  draft: TurnDraft,
  node: Node,
  refused: ErrorRecord,
  { retryAfterMs }: Refusal,
  timeoutMs: number | undefined,
): void {
  const before = quotaOf(node) ?? { waits: 0, waitedMs: 0, sinceMs: draft.nowMs };
  const grownMs = Math.min(firstWaitMs * 2 ** Math.min(before.waits, 20), longestWaitMs);
  // A provider that says 0 and still refuses is not asked again and again.
  const delayMs = Math.ceil((retryAfterMs || grownMs) + Math.random() * spreadMs);
  const quota: QuotaWait = { waits: before.waits + 1, waitedMs: before.waitedMs + delayMs, sinceMs: before.sinceMs };
  const error = withQuota({ ...refused, code: "QUOTA_EXCEEDED" }, quota);
  if (timeoutMs !== undefined && quota.waitedMs > timeoutMs) {
    const message = `${error.message} Waiting ${delayMs} ms more would exceed the task's timeoutMs (${timeoutMs} ms).`;
    return draft.settle(node, "failed", { ...error, message });
  }
  draft.changeNode(node, { ...wakeAfter(draft.now, delayMs), state: "pending", error });
  draft.emit({
    type: "NodeWaitingQuota",
    nodeId: node.nodeId,
    iteration: node.iteration,
    attempt: node.attempt,
    retryAtMs: node.wakeAtMs!,
    error,
  });
}

/** Keeps with a node's new error how long the node has waited for its providers, if it has. */
export function withQuota(error: ErrorRecord, quota: QuotaWait | undefined): ErrorRecord {
  if (!quota) return error;
  const { details } = error;
  const known = typeof details === "object" && details !== null && !Array.isArray(details) ? details : {};
  return { ...error, details: { ...known, quota } };
}

import { noSuchNode, noSuchRun, runHasEnded, runInProgress, SmithersError } from "../../errors/index.ts";
import { hasEndedForGood, type NewEvent, type Node, type Run } from "../../model/index.ts";
import type { NodeToRetry } from "../requests.ts";

/** The rows that a retry depends on: the run, and the node in each iteration. */
export interface RetryRows {
  readonly run: Run | undefined;
  readonly nodes: readonly Node[];
}

export interface JudgedRetry {
  /** The iteration of the node that is pending again. */
  readonly iteration: number;
  /** Whether the run had failed. It then runs again, and nodes that its failure cancelled are pending again too. */
  readonly reopensRun: boolean;
  readonly events: readonly NewEvent[];
}

/**
 * Checks a request to retry a failed node.
 * @param seenLeaseNo value at the time when the caller saw that no process executes the run
 * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
 */
export function judgeRetry({ run, nodes }: RetryRows, wanted: NodeToRetry, seenLeaseNo: number): JudgedRetry {
  const { runId } = wanted;
  if (!run) throw noSuchRun(runId);
  if (hasEndedForGood(run.status)) throw runHasEnded(runId, run.status, run.continuedAs);
  if (run.leaseNo !== seenLeaseNo) throw runInProgress(runId);
  const { nodeId, iteration } = failedNode(nodes, wanted);
  const pending = { type: "NodePending", nodeId, iteration } as const;
  if (run.status !== "failed") return { iteration, reopensRun: false, events: [pending] };
  return { iteration, reopensRun: true, events: [{ type: "RunStatusChanged", status: "running" }, pending] };
}

function failedNode(nodes: readonly Node[], { runId, nodeId, iteration }: NodeToRetry): Node {
  const named = nodes.filter((node) => iteration === undefined || node.iteration === iteration);
  const failed = named.findLast(({ state }) => state === "failed");
  if (failed) return failed;
  const last = named.at(-1);
  if (!last) throw noSuchNode(runId, nodeId, iteration);
  const which = iteration === undefined ? "" : ` in iteration ${iteration}`;
  throw new SmithersError("NODE_NOT_FAILED", `"${nodeId}" is ${last.state}${which}.`);
}

import { noSuchNode, noSuchRun, runHasEnded, runInProgress, SmithersError } from "../../../errors/index.ts";
import { hasEndedForGood, type Node } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import type { NodeToRetry, RetriedNode } from "../../requests.ts";
import { nodesOf } from "../queries/nodes.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";

/**
 * Makes a failed node of a run that nobody executes ready to be done anew, with all of its retries; what its run's
 * failure has cancelled too. A failed run is left for somebody to take.
 * @param seenLeaseNo as it was when the caller saw that nobody executes the run
 * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
 */
export function retryNode(driver: Driver, wanted: NodeToRetry, seenLeaseNo: number, nowMs: number): RetriedNode {
  const { runId } = wanted;
  const run = findRun(driver, runId);
  if (!run) throw noSuchRun(runId);
  if (hasEndedForGood(run.status)) throw runHasEnded(runId, run.status);
  if (run.leaseNo !== seenLeaseNo) throw runInProgress(runId);
  const { nodeId, iteration } = failedNode(nodesOf(driver, runId), wanted);
  const anew =
    "state = 'pending', failures = 0, lost_attempts = 0, wake_at_ms = NULL, finished_at_ms = NULL, error_json = NULL";
  driver.run(
    `UPDATE _smithers_nodes SET ${anew}
     WHERE run_id = ? AND (node_id = ? AND iteration = ? OR state = 'cancelled' AND ? = 'failed')`,
    runId,
    nodeId,
    iteration,
    run.status,
  );
  const pending = { type: "NodePending", nodeId, iteration } as const;
  if (run.status !== "failed") return { iteration, events: appendToInbox(driver, runId, [pending], nowMs) };
  driver.run(
    `UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL, heartbeat_at_ms = ?,
     reopened = reopened + 1, crashes = 0
     WHERE run_id = ?`,
    nowMs,
    runId,
  );
  const changed = { type: "RunStatusChanged", status: "running" } as const;
  return { iteration, events: appendToInbox(driver, runId, [changed, pending], nowMs) };
}

function failedNode(nodes: readonly Node[], { runId, nodeId, iteration }: NodeToRetry): Node {
  const named = nodes.filter((node) => node.nodeId === nodeId && (iteration ?? node.iteration) === node.iteration);
  const failed = named.filter(({ state }) => state === "failed").at(-1);
  if (failed) return failed;
  const last = named.at(-1);
  if (!last) throw noSuchNode(runId, nodeId, iteration);
  const which = iteration === undefined ? "" : ` in iteration ${iteration}`;
  throw new SmithersError("NODE_NOT_FAILED", `"${nodeId}" is ${last.state}${which}.`);
}

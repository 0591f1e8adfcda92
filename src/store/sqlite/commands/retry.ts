import type { Driver } from "../../../runtime/index.ts";
import type { NodeToRetry, RetriedNode } from "../../requests.ts";
import { judgeRetry } from "../../rules/retry.ts";
import { nodesNamed, pendingAgain, reopenRun } from "../queries/nodes.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";

/**
 * Makes a failed node pending again, after {@link judgeRetry} has accepted that. A failed run is then left for an owner
 * to take.
 */
export function retryNode(driver: Driver, wanted: NodeToRetry, seenLeaseNo: number, nowMs: number): RetriedNode {
  const { runId, nodeId } = wanted;
  const rows = { run: findRun(driver, runId), nodes: nodesNamed(driver, runId, nodeId) };
  const { iteration, reopensRun, events } = judgeRetry(rows, wanted, seenLeaseNo);
  driver.run(
    `UPDATE _smithers_nodes SET ${pendingAgain} WHERE run_id = ? AND node_id = ? AND iteration = ?`,
    runId,
    nodeId,
    iteration,
  );
  if (reopensRun) {
    driver.run(`UPDATE _smithers_nodes SET ${pendingAgain} WHERE run_id = ? AND state = 'cancelled'`, runId);
    reopenRun(driver, runId, nowMs);
  }
  return { iteration, events: appendToInbox(driver, runId, events, nowMs) };
}

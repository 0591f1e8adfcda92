import type { CommittedEvent, Moment } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { Decision } from "../../requests.ts";
import { judgeDecision } from "../../rules/decision.ts";
import { approvalsNamed } from "../queries/inbox.ts";
import { nodesNamed } from "../queries/nodes.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";
import { approvals } from "../tables.ts";

/** Records a decision and its event, after {@link judgeDecision} has accepted it. */
export function decide(driver: Driver, decision: Decision, now: Moment): CommittedEvent[] {
  const { runId, nodeId } = decision;
  const rows = {
    run: findRun(driver, runId),
    approvals: approvalsNamed(driver, runId, nodeId),
    nodes: nodesNamed(driver, runId, nodeId),
  };
  const judged = judgeDecision(rows, decision, now);
  if (!judged) return [];
  approvals.upsert(driver, judged.approval);
  return appendToInbox(driver, runId, [judged.event], now.nowMs);
}

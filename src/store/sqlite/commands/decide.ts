import { noSuchNode, noSuchRun, SmithersError } from "../../../errors/index.ts";
import { type Approval, type CommittedEvent, hasEnded } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/sqlite-driver.ts";
import type { Decision } from "../../requests.ts";
import { approvalsOf } from "../queries/inbox.ts";
import { findNode, nodesOf } from "../queries/nodes.ts";
import { appendToInbox, findRun } from "../queries/runs.ts";
import { approvals } from "../tables.ts";

/**
 * Records a decision with its event. The same decision again changes nothing. One that comes when the time
 * to decide is up is refused, also before anybody has noted that it is.
 * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST when a selection does not fit the options
 */
export function decide(driver: Driver, decision: Decision, nowMs: number): CommittedEvent[] {
  const { runId, nodeId, status } = decision;
  const run = findRun(driver, runId);
  if (!run) throw noSuchRun(runId);
  const approval = findApproval(driver, decision);
  if (!approval) throw notWaiting(driver, decision);
  const chosen = status === "granted" ? choice(approval, decision) : { selected: null, ranked: null };
  if (approval.status === status && isSameChoice(approval, chosen)) return [];
  if (approval.status !== "requested") {
    const how = approval.selected ?? approval.ranked?.join(", ");
    throw closed(`"${nodeId}" is ${approval.status} already${how === undefined ? "" : ` (${how})`}.`);
  }
  if (hasEnded(run.status)) throw closed(`"${nodeId}" is part of a run that has ${run.status} already.`);
  if (run.cancelRequestedAtMs !== null) throw closed(`"${nodeId}" is part of a run that is being cancelled.`);
  const { wakeAtMs = null } = findNode(driver, runId, nodeId, approval.iteration) ?? {};
  if (wakeAtMs !== null && wakeAtMs <= nowMs) {
    throw closed(`The time to decide "${nodeId}" ended at ${new Date(wakeAtMs).toISOString()}.`);
  }
  const decidedBy = decision.decidedBy ?? null;
  const note = decision.note ?? null;
  approvals.upsert(driver, { ...approval, ...chosen, status, decidedAtMs: nowMs, decidedBy, note });
  const type = status === "granted" ? "ApprovalGranted" : "ApprovalDenied";
  return appendToInbox(driver, runId, [{ type, nodeId, iteration: approval.iteration, decidedBy, note }], nowMs);
}

/** That of the iteration named, or else the one that waits, or else the last. */
function findApproval(driver: Driver, { runId, nodeId, iteration }: Decision): Approval | undefined {
  const known = approvalsOf(driver, runId).filter((approval) => approval.nodeId === nodeId);
  if (iteration !== undefined) return known.find((approval) => approval.iteration === iteration);
  return known.find((approval) => approval.status === "requested") ?? known.at(-1);
}

function notWaiting(driver: Driver, { runId, nodeId, iteration }: Decision): SmithersError {
  const exists = nodesOf(driver, runId).some(
    (node) => node.nodeId === nodeId && (iteration === undefined || node.iteration === iteration),
  );
  if (exists) return new SmithersError("NODE_NOT_WAITING", `"${nodeId}" waits for no decision.`);
  return noSuchNode(runId, nodeId, iteration);
}

function closed(message: string): SmithersError {
  return new SmithersError("NODE_NOT_WAITING", message);
}

type Choice = Pick<Approval, "selected" | "ranked">;

const isSameChoice = (a: Choice, b: Choice) =>
  a.selected === b.selected && JSON.stringify(a.ranked) === JSON.stringify(b.ranked);

function choice({ mode, options }: Approval, { selected, ranked }: Decision): Choice {
  const known = (options ?? []).map(({ key }) => key);
  if (mode === "select" && !known.includes(selected ?? ""))
    throw misfit("selected", `must be one of: ${known.join(", ")}`);
  if (mode === "rank" && !isPermutation(ranked ?? [], known)) {
    throw misfit("ranked", `must hold each of these once: ${known.join(", ")}`);
  }
  return { selected: mode === "select" ? selected! : null, ranked: mode === "rank" ? ranked! : null };
}

function isPermutation(given: readonly string[], known: readonly string[]): boolean {
  return (
    given.length === known.length && new Set(given).size === known.length && given.every((one) => known.includes(one))
  );
}

function misfit(field: string, what: string): SmithersError {
  return new SmithersError("INVALID_REQUEST", `The field ${field} ${what}.`, { details: { field } });
}

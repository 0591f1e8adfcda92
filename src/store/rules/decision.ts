import { isDeepStrictEqual } from "node:util";
import { noSuchNode, noSuchRun, SmithersError } from "../../errors/index.ts";
import {
  type Approval,
  hasEnded,
  type Moment,
  msUntil,
  type NewEvent,
  type Node,
  type Run,
} from "../../model/index.ts";
import type { Decision } from "../requests.ts";

/** The rows that a decision depends on: the run, and one row of each kind per iteration of the node. */
export interface DecisionRows {
  readonly run: Run | undefined;
  readonly approvals: readonly Approval[];
  readonly nodes: readonly Node[];
}

export interface JudgedDecision {
  readonly approval: Approval;
  readonly event: NewEvent;
}

/**
 * Checks a decision against the stored rows. A decision after the time limit is refused, even if the run has not
 * processed its timeout yet. So is a decision on a question that has been asked again since.
 * @returns the decided approval and its event; undefined when the same decision was made before
 * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST when a selection does not match the options
 */
export function judgeDecision(rows: DecisionRows, decision: Decision, now: Moment): JudgedDecision | undefined {
  const { run, approvals, nodes } = rows;
  const { runId, nodeId, status } = decision;
  if (!run) throw noSuchRun(runId);
  const approval = meantApproval(approvals, decision.iteration);
  if (!approval) throw notWaiting(nodes, decision);
  const { iteration, requestedAtMs } = approval;
  if ((decision.requestedAtMs ?? requestedAtMs) !== requestedAtMs) {
    throw closed(`The question of "${nodeId}" has changed since ${new Date(decision.requestedAtMs!).toISOString()}.`);
  }
  // A closed question accepts no answer, so its options do not matter any more.
  if (approval.status === "cancelled" || approval.status === "expired") {
    throw closed(`"${nodeId}" is already ${approval.status}.`);
  }
  const chosen = status === "granted" ? choiceOf(approval, decision) : { selected: null, ranked: null, data: null };
  if (approval.status === status && isSameChoice(approval, chosen)) return undefined;
  if (approval.status !== "requested") {
    const how = approval.selected ?? approval.ranked?.join(", ");
    throw closed(`"${nodeId}" is already ${approval.status}${how === undefined ? "" : ` (${how})`}.`);
  }
  if (hasEnded(run.status)) throw closed(`"${nodeId}" belongs to a run that has ended (${run.status}).`);
  if (run.cancelRequestedAtMs !== null) throw closed(`"${nodeId}" belongs to a run that is being cancelled.`);
  const node = nodes.find((one) => one.iteration === iteration);
  if (node && msUntil(node, now) <= 0) {
    throw closed(`The time limit for deciding "${nodeId}" was ${new Date(node.wakeAtMs!).toISOString()}.`);
  }
  const { decidedBy = null, note = null } = decision;
  const type = status === "granted" ? "ApprovalGranted" : "ApprovalDenied";
  return {
    approval: { ...approval, ...chosen, status, decidedAtMs: now.nowMs, decidedBy, note },
    event: { type, nodeId, iteration, decidedBy, note },
  };
}

/** The approval of the given iteration, or else the pending one, or else the last one. */
function meantApproval(approvals: readonly Approval[], iteration: number | undefined): Approval | undefined {
  if (iteration !== undefined) return approvals.find((approval) => approval.iteration === iteration);
  return approvals.find(({ status }) => status === "requested") ?? approvals.at(-1);
}

function notWaiting(nodes: readonly Node[], { runId, nodeId, iteration }: Decision): SmithersError {
  const exists = nodes.some((node) => iteration === undefined || node.iteration === iteration);
  return exists ? closed(`"${nodeId}" is not waiting for a decision.`) : noSuchNode(runId, nodeId, iteration);
}

function closed(message: string): SmithersError {
  return new SmithersError("NODE_NOT_WAITING", message);
}

type Choice = Pick<Approval, "selected" | "ranked" | "data">;

const isSameChoice = (a: Choice, b: Choice) =>
  a.selected === b.selected && isDeepStrictEqual(a.ranked, b.ranked) && isDeepStrictEqual(a.data, b.data);

function choiceOf({ mode, options }: Approval, decision: Decision): Choice {
  const { selected, ranked, data } = decision;
  if (mode === "answer") return { selected: null, ranked: null, data: answerOf(decision) };
  if (data !== undefined) throw misfit("data", "is the answer to a question that asks for one; this one does not");
  const known = (options ?? []).map(({ key }) => key);
  if (mode === "select" && !known.includes(selected ?? "")) {
    throw misfit("selected", `must be one of: ${known.join(", ")}`);
  }
  if (mode === "rank" && !isPermutation(ranked ?? [], known)) {
    throw misfit("ranked", `must contain each of these exactly once: ${known.join(", ")}`);
  }
  return { selected: mode === "select" ? selected! : null, ranked: mode === "rank" ? ranked! : null, data: null };
}

/** The answer, which clients of the published package write into the note. */
function answerOf({ data, note }: Decision): unknown {
  if (data !== undefined) return data;
  if (note === undefined || note === null) throw misfit("data", "is required: the node asks for an answer");
  try {
    return JSON.parse(note);
  } catch {
    return note;
  }
}

function isPermutation(given: readonly string[], known: readonly string[]): boolean {
  return (
    given.length === known.length && new Set(given).size === known.length && given.every((one) => known.includes(one))
  );
}

function misfit(field: string, what: string): SmithersError {
  return new SmithersError("INVALID_REQUEST", `The field ${field} ${what}.`, { details: { field } });
}

import type { ApprovalItem } from "smithers-orchestrator/client";

/** Tells questions apart, also one that is asked again. */
export const keyOf = ({ runId, nodeId, iteration, requestedAtMs }: ApprovalItem): string =>
  `${runId} ${nodeId} ${iteration} ${requestedAtMs}`;

export const titleOf = (approval: ApprovalItem): string => approval.requestTitle ?? approval.label ?? approval.nodeId;

const afterDenial = {
  fail: "If you deny, this step fails. Unless its workflow handles that, the run fails too.",
  continue: "If you deny, the run continues, and its next steps see the denial.",
  skip: "If you deny, this step is skipped, with the steps that need its result. The run continues.",
  unknown: "If you deny, the run fails, skips this or continues, as its workflow says.",
};

const afterApproval = {
  approve: "If you approve, the run continues at once with what comes after this question.",
  select: "If you approve, the run continues at once with the option that you choose.",
  rank: "If you approve, the run continues at once with your order of the options.",
  answer: "After an answer that fits, the run continues at once with what comes after this question.",
};

export type Verb = "approve" | "deny";

/** What happens after a decision, in words. @param verb the one that was chosen; undefined tells of both */
export function whatHappensNext({ mode, onDeny }: ApprovalItem, verb: Verb | undefined): string {
  const denied = afterDenial[onDeny ?? "unknown"];
  const approved = afterApproval[mode];
  if (verb === undefined) return mode === "answer" ? `${approved} ${denied}` : `${denied} ${approved}`;
  return verb === "deny" ? denied : approved;
}

/** What was decided, in words for the list that the question was in. */
export function saidOf(verb: Verb, isAnswer: boolean): string {
  if (verb === "deny") return "denied. The run has been told.";
  if (isAnswer) return "answered. It is asked again if the run finds that the answer does not fit.";
  return "approved. The run continues.";
}

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type ApprovalItem, isSmithersError } from "smithers-orchestrator/client";
import { told } from "../../lib/errors.ts";
import { client } from "../../lib/session.ts";
import { decisionOn, type Outcome } from "./outcome.tsx";
import { saidOf, type Verb } from "./words.ts";

/**
 * Sends a person's decision on an approval.
 * @param onDecided learns of the decision, also when another person has made it meanwhile
 */
export function useDecision(approval: ApprovalItem, onDecided: (outcome: Outcome) => void) {
  const { runId, nodeId, iteration, mode, requestedAtMs } = approval;
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async (verb: Verb, more: object) => {
    if (busy) return;
    setBusy(true);
    try {
      await client().approvals[verb](runId, nodeId, { iteration, requestedAtMs, ...more });
      const tone = verb === "approve" ? "good" : "bad";
      onDecided({ approval, tone, text: saidOf(verb, mode === "answer") });
    } catch (error) {
      if (isSmithersError(error) && error.code === "NODE_NOT_WAITING")
        onDecided({ approval, tone: "plain", text: await decisionOn(approval) });
      else setProblem(told(error).message);
    } finally {
      setBusy(false);
      void queries.invalidateQueries({ queryKey: ["approvals"] });
    }
  };
  return { send, busy, problem, setProblem };
}

import { Link } from "@tanstack/react-router";
import type { ApprovalItem } from "smithers-orchestrator/client";
import { client } from "../../lib/session.ts";
import { Icon } from "../../ui/icon.tsx";
import { titleOf } from "./words.ts";

/** A decision that was made here or elsewhere while this page showed the question. */
export interface Outcome {
  readonly approval: ApprovalItem;
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
}

export function OutcomeLine({ outcome: { approval, tone, text }, onDismiss }: { outcome: Outcome; onDismiss(): void }) {
  return (
    <div className={`outcome is-${tone}`} role="status">
      <p>
        <strong>{titleOf(approval)}</strong>: {text}{" "}
        <Link to="/runs/$runId" params={{ runId: approval.runId }} className="link">
          See the run
        </Link>
      </p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}

const unknown = "it waits for no decision any more.";

/** What became of a question, as the run's events tell it. */
export async function decisionOn({ runId, nodeId, iteration, requestedAtMs }: ApprovalItem): Promise<string> {
  try {
    let text = unknown;
    for await (const event of client().runs.events(runId, { follow: false })) {
      const isOfQuestion =
        "nodeId" in event &&
        event.nodeId === nodeId &&
        event.iteration === iteration &&
        event.timestampMs >= requestedAtMs;
      if (!isOfQuestion) continue;
      if (event.type === "ApprovalGranted" || event.type === "ApprovalDenied") {
        const word = event.type === "ApprovalGranted" ? "approved" : "denied";
        const who = event.decidedBy ? ` (${event.decidedBy})` : "";
        text = `someone else has ${word} it${who}${event.note ? `: “${event.note}”` : "."}`;
      } else if (event.type === "NodeCancelled")
        text = "it is not asked any more: the run was cancelled, or goes another way.";
      else if (event.type === "NodeFailed" && event.error.code === "APPROVAL_TIMEOUT") text = "no one decided in time.";
    }
    return text;
  } catch {
    return unknown;
  }
}

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { RunDetail } from "smithers-orchestrator/client";
import { useNarrow } from "../../lib/use-narrow.ts";
import type { Why } from "../../lib/why.ts";

/** Longer texts are cut until the reader asks for the rest. */
const longText = { wide: 320, narrow: 140 };

/** One reason why the run stands where it stands, with the link that leads on. */
export function WhyLine({ why: { tone, text, see }, run }: { why: Why; run: RunDetail }) {
  const [isWhole, setWhole] = useState(false);
  const most = useNarrow() ? longText.narrow : longText.wide;
  const isLong = text.length > most * 1.2;
  return (
    <p className={`why is-${tone}`} role={tone === "bad" ? "alert" : undefined}>
      {isLong && !isWhole ? `${text.slice(0, most)}…` : text}
      {isLong && (
        <>
          {" "}
          <button type="button" className="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? "Show less" : "Show all"}
          </button>
        </>
      )}
      {see !== undefined && (
        <>
          {" "}
          <See see={see} run={run} />
        </>
      )}
    </p>
  );
}

function See({ see, run: { runId, runState } }: { see: NonNullable<Why["see"]>; run: RunDetail }) {
  if (see === "approvals") {
    const { blocked } = runState;
    return (
      <Link
        to="/approvals"
        search={{ run: blocked?.childRunId ?? runId, node: blocked?.childNodeId ?? blocked?.nodeId }}
        className="link"
      >
        Decide in the inbox
      </Link>
    );
  }
  return (
    <Link to="/runs/$runId" params={{ runId: see.runId }} search={{ node: see.nodeId }} className="link">
      {see.text}
    </Link>
  );
}

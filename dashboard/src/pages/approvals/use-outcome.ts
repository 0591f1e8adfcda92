import { useEffect, useRef, useState } from "react";
import type { ApprovalItem } from "smithers-orchestrator/client";
import { decisionOn, type Outcome } from "./outcome.tsx";
import { keyOf } from "./words.ts";

/** What became of the question that was shown last: decided here, or meanwhile by someone else. */
export function useOutcome(current: ApprovalItem | undefined, items: readonly ApprovalItem[] | undefined) {
  const [outcome, setOutcome] = useState<Outcome>();
  const shown = useRef<ApprovalItem>(undefined);
  useEffect(() => {
    const before = shown.current;
    shown.current = current;
    if (!before || !items || items.some((one) => keyOf(one) === keyOf(before))) return;
    const isAbout = (told: Outcome | undefined) => told !== undefined && keyOf(told.approval) === keyOf(before);
    setOutcome((told) => (isAbout(told) ? told : undefined));
    void decisionOn(before).then((text) =>
      setOutcome((told) => (isAbout(told) ? told : { approval: before, tone: "plain", text })),
    );
  });
  return { outcome, setOutcome };
}

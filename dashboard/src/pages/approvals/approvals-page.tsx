import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { ApprovalItem } from "smithers-orchestrator/client";
import { isTyping, useKeydown } from "../../lib/keys.ts";
import { approvalsQuery } from "../../lib/queries.ts";
import { duration, moment, useNow } from "../../lib/time.ts";
import { useNarrow } from "../../lib/use-narrow.ts";
import { Empty, Loading, Trouble } from "../../ui/states.tsx";
import { OutcomeLine } from "./outcome.tsx";
import { Question } from "./question.tsx";
import { useOutcome } from "./use-outcome.ts";
import { keyOf, titleOf } from "./words.ts";

const route = getRouteApi("/approvals");

/** The questions that wait for a person, and one of them to decide. */
export function ApprovalsPage() {
  const approvals = useQuery(approvalsQuery);
  const linked = route.useSearch();
  const [chosen, setChosen] = useState<string>();
  const isNarrow = useNarrow();
  const items = approvals.data ?? [];
  const current = items.find((one) => keyOf(one) === chosen) ?? firstOf(items, chosen === undefined, linked, isNarrow);
  const { outcome, setOutcome } = useOutcome(current, approvals.data);
  const choose = (approval: ApprovalItem) => {
    setChosen(keyOf(approval));
    setOutcome(undefined);
  };

  useKeydown((event) => {
    if (isTyping(event) || (event.key !== "j" && event.key !== "k") || items.length === 0) return;
    const from = items.findIndex((one) => current && keyOf(one) === keyOf(current));
    choose(items[Math.min(Math.max(from + (event.key === "j" ? 1 : -1), 0), items.length - 1)]!);
  });

  if (approvals.isPending) return <Loading rows={8} label="Loading the approvals" />;
  if (approvals.isError && !approvals.data)
    return <Trouble isPage error={approvals.error} retry={() => approvals.refetch()} />;
  return (
    <section className={`page inbox ${current ? "has-choice" : ""}`} aria-labelledby="inbox-title">
      <div className="inbox-list">
        <div className="page-head">
          <h1 id="inbox-title">Approvals</h1>
          {items.length > 0 && <p className="faint">the longest waiting first</p>}
        </div>
        {outcome && <OutcomeLine outcome={outcome} onDismiss={() => setOutcome(undefined)} />}
        {items.length === 0 ? (
          <Empty title="Nothing waits for a decision">
            <p>
              When a run reaches an <code>Approval</code>, or a task with <code>needsApproval</code>, its question
              appears here at once, and the tab's title counts it.
            </p>
          </Empty>
        ) : (
          <ul className="choices">
            {items.map((approval) => (
              <li key={keyOf(approval)}>
                <Line approval={approval} isCurrent={approval === current} onChoose={() => choose(approval)} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {current && (
        <Question
          key={keyOf(current)}
          approval={current}
          onBack={() => setChosen("")}
          onDecided={(decided) => {
            setOutcome(decided);
            const next = items[items.indexOf(current) + 1];
            setChosen(next && !isNarrow ? keyOf(next) : "");
          }}
        />
      )}
    </section>
  );
}

/**
 * What is shown before a choice, and after the chosen one was decided: the one that the address names; where there is
 * room, else the one that has waited longest.
 */
function firstOf(
  items: readonly ApprovalItem[],
  isFresh: boolean,
  { run, node }: { run?: string; node?: string },
  isNarrow: boolean,
): ApprovalItem | undefined {
  const isLinked = ({ runId, nodeId }: ApprovalItem) => runId === run && (node === undefined || nodeId === node);
  const linked = isFresh ? items.find(isLinked) : undefined;
  return linked ?? (isNarrow ? undefined : items[0]);
}

function Line(props: { approval: ApprovalItem; isCurrent: boolean; onChoose(): void }) {
  const { approval, isCurrent, onChoose } = props;
  const { workflowName, requestSummary, requestedAtMs } = approval;
  const nowMs = useNow();
  return (
    <button type="button" className="choice" aria-current={isCurrent ? "true" : undefined} onClick={onChoose}>
      <span className="choice-name">{titleOf(approval)}</span>
      <span className="choice-time num faint" title={moment(requestedAtMs)}>
        {duration(Math.max(nowMs - requestedAtMs, 0))}
      </span>
      <span className="choice-about faint">
        {workflowName}
        {requestSummary ? ` · ${requestSummary}` : ""}
      </span>
    </button>
  );
}

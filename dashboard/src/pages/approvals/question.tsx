import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ApprovalItem } from "smithers-orchestrator/client";
import { cli, curl, nodePath } from "../../lib/commands.ts";
import { moment } from "../../lib/time.ts";
import { useNarrow } from "../../lib/use-narrow.ts";
import { CopyCommands } from "../../ui/copy.tsx";
import { JsonTree } from "../../ui/json-tree.tsx";
import { Answer } from "./answer.tsx";
import { Choice, isComplete, type Picked } from "./choice.tsx";
import { Decide } from "./decide.tsx";
import type { Outcome } from "./outcome.tsx";
import { useDecision } from "./use-decision.ts";
import { titleOf, type Verb, whatHappensNext } from "./words.ts";

export interface QuestionProps {
  readonly approval: ApprovalItem;
  onBack(): void;
  onDecided(outcome: Outcome): void;
}

/** One question with all that it tells, and what a person can do about it. */
export function Question({ approval, onBack, onDecided }: QuestionProps) {
  const { mode, options, metadata, requestSummary } = approval;
  const [verb, setVerb] = useState<Verb>();
  const [picked, setPicked] = useState<Picked>({ selected: undefined, ranked: options?.map(({ key }) => key) });
  const { send, busy, problem, setProblem } = useDecision(approval, onDecided);
  const [Heading, Below] = useNarrow() ? (["h1", "h2"] as const) : (["h2", "h3"] as const);
  const isAnswer = mode === "answer";

  const confirm = (note: string) => {
    if (verb === undefined) return;
    if (verb === "approve" && !isComplete(mode, picked)) return setProblem("Choose one of the options first.");
    void send(verb, { ...(note !== "" && { note }), ...(verb === "approve" && choiceOf(mode, picked)) });
  };

  return (
    <article className="question" aria-label={titleOf(approval)}>
      <button type="button" className="link back-link" onClick={onBack}>
        All approvals
      </button>
      <div className="question-head">
        <Heading>{titleOf(approval)}</Heading>
        <CopyCommands items={commandsOf(approval)} />
      </div>
      <Asker approval={approval} />
      {requestSummary && <p className="question-summary">{requestSummary}</p>}
      {metadata !== null && metadata !== undefined && (
        <section className="question-metadata">
          <Below className="small-heading">Details</Below>
          <JsonTree value={metadata} label="the details" />
        </section>
      )}
      {isAnswer && <Answer approval={approval} busy={busy} onAnswer={(data) => void send("approve", { data })} />}
      {options && <Choice mode={mode} options={options} picked={picked} onPick={setPicked} />}
      <p className="faint">{whatHappensNext(approval, verb)}</p>
      <Decide
        verb={verb}
        isAnswer={isAnswer}
        busy={busy}
        problem={problem}
        onVerb={(next) => {
          setVerb(next);
          setProblem(undefined);
        }}
        onConfirm={confirm}
      />
      {isAnswer && verb === undefined && problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </article>
  );
}

/** Who asks, and since when. */
function Asker({ approval }: { approval: ApprovalItem }) {
  const { runId, nodeId, iteration, requestedAtMs, workflowName } = approval;
  return (
    <p className="question-from faint">
      <Link
        to="/runs/$runId"
        params={{ runId }}
        search={{ node: nodeId, iteration: iteration || undefined }}
        className="link"
      >
        {workflowName}
      </Link>{" "}
      has asked since {moment(requestedAtMs)}
      {iteration > 0 && `, iteration ${iteration + 1}`}
    </p>
  );
}

/** What an approval says in addition to yes. */
function choiceOf(mode: ApprovalItem["mode"], { selected, ranked }: Picked) {
  if (mode === "select") return { selected };
  return mode === "rank" ? { ranked: [...(ranked ?? [])] } : {};
}

function commandsOf({ runId, nodeId, iteration, requestedAtMs, mode }: ApprovalItem) {
  const body = { iteration, requestedAtMs };
  const isAnswer = mode === "answer";
  const path = nodePath(runId, nodeId);
  return [
    {
      label: isAnswer ? "Answer" : "Approve",
      cli: cli("approve", runId, nodeId, ...(isAnswer ? ["--data", "{}"] : [])),
      curl: curl(`${path}/approve`, { ...body, ...(isAnswer && { data: {} }) }),
    },
    { label: "Deny", cli: cli("deny", runId, nodeId), curl: curl(`${path}/deny`, body) },
  ];
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { ApprovalItem } from "smithers-orchestrator/client";
import { isSmithersError } from "smithers-orchestrator/client";
import { cli, curl, nodePath } from "../lib/commands.ts";
import { told } from "../lib/errors.ts";
import { approvalsQuery } from "../lib/queries.ts";
import { client } from "../lib/session.ts";
import { duration, moment, useNow } from "../lib/time.ts";
import { useNarrow } from "../lib/use-narrow.ts";
import { CopyCommands } from "../ui/copy.tsx";
import { DataForm } from "../ui/data-form.tsx";
import { Icon } from "../ui/icon.tsx";
import { JsonTree } from "../ui/json-tree.tsx";
import { isTyping } from "../ui/shell.tsx";
import { Empty, Loading, Trouble } from "../ui/states.tsx";
import { Choice, isComplete, type Picked } from "./choice.tsx";

const keyOf = ({ runId, nodeId, iteration, requestedAtMs }: ApprovalItem) =>
  `${runId} ${nodeId} ${iteration} ${requestedAtMs}`;
const titleOf = (approval: ApprovalItem) => approval.requestTitle ?? approval.label ?? approval.nodeId;

/** What happens next, in words. */
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

/** A decision that was made here or elsewhere while this page showed the question. */
interface Outcome {
  readonly approval: ApprovalItem;
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
}

export function ApprovalsPage() {
  const approvals = useQuery(approvalsQuery);
  const [chosen, setChosen] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>();
  const isNarrow = useNarrow();
  const items = approvals.data ?? [];
  // What was chosen may have been decided; where there is room, the longest waiting one is then shown.
  const current = items.find((one) => keyOf(one) === chosen) ?? (isNarrow ? undefined : items[0]);
  const shown = useRef<ApprovalItem>(undefined);

  // The question that is shown may be decided by someone else.
  useEffect(() => {
    const before = shown.current;
    shown.current = current;
    if (!before || !approvals.data || items.some((one) => keyOf(one) === keyOf(before))) return;
    setOutcome((told) => (told && keyOf(told.approval) === keyOf(before) ? told : undefined));
    void decisionOn(before).then((text) =>
      setOutcome((told) =>
        told && keyOf(told.approval) === keyOf(before) ? told : { approval: before, tone: "plain", text },
      ),
    );
  });

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || (event.key !== "j" && event.key !== "k") || items.length === 0) return;
      const from = items.findIndex((one) => current && keyOf(one) === keyOf(current));
      const next = Math.min(Math.max(from + (event.key === "j" ? 1 : -1), 0), items.length - 1);
      setChosen(keyOf(items[next]!));
      setOutcome(undefined);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
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
                <button
                  type="button"
                  className="choice"
                  aria-current={current && keyOf(approval) === keyOf(current) ? "true" : undefined}
                  onClick={() => {
                    setChosen(keyOf(approval));
                    setOutcome(undefined);
                  }}
                >
                  <span className="choice-name">{titleOf(approval)}</span>
                  <Waited approval={approval} />
                  <span className="choice-about faint">
                    {approval.workflowName}
                    {approval.requestSummary ? ` · ${approval.requestSummary}` : ""}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {current && (
        <Question
          key={keyOf(current)}
          approval={current}
          onBack={() => setChosen(undefined)}
          onDecided={(decided) => {
            setOutcome(decided);
            const at = items.findIndex((one) => keyOf(one) === keyOf(current));
            const next = items[at + 1];
            setChosen(next && !isNarrow ? keyOf(next) : undefined);
          }}
        />
      )}
    </section>
  );
}

function Waited({ approval }: { approval: ApprovalItem }) {
  const nowMs = useNow();
  return (
    <span className="choice-time num faint" title={moment(approval.requestedAtMs)}>
      {duration(Math.max(nowMs - approval.requestedAtMs, 0))}
    </span>
  );
}

function OutcomeLine({ outcome: { approval, tone, text }, onDismiss }: { outcome: Outcome; onDismiss(): void }) {
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

function Question({
  approval,
  onBack,
  onDecided,
}: {
  approval: ApprovalItem;
  onBack(): void;
  onDecided(outcome: Outcome): void;
}) {
  const { runId, nodeId, iteration, mode, requestedAtMs, options } = approval;
  const queries = useQueryClient();
  const [chosenVerb, setVerb] = useState<"approve" | "deny">();
  const verb = chosenVerb;
  const [note, setNote] = useState("");
  const [picked, setPicked] = useState<Picked>({ selected: undefined, ranked: options?.map(({ key }) => key) });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [Heading, Below] = useNarrow() ? (["h1", "h2"] as const) : (["h2", "h3"] as const);
  const noteField = useRef<HTMLTextAreaElement>(null);
  const isPossible = verb === "deny" || isComplete(mode, picked);
  const isAnswer = mode === "answer";

  const choose = (next: "approve" | "deny") => {
    // At once: a person may go on typing.
    flushSync(() => {
      setVerb(next);
      setProblem(undefined);
    });
    noteField.current?.focus();
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || (event.key !== "d" && (event.key !== "a" || isAnswer))) return;
      event.preventDefault();
      choose(event.key === "a" ? "approve" : "deny");
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });

  const decide = async (answer?: { readonly data: unknown }) => {
    const verb = answer ? "approve" : chosenVerb;
    if (verb === undefined || busy) return;
    if (!isPossible) return setProblem("Choose one of the options first.");
    setBusy(true);
    const choice =
      verb === "deny" || mode === "approve"
        ? {}
        : mode === "answer"
          ? { ...answer }
          : mode === "select"
            ? { selected: picked.selected }
            : { ranked: [...(picked.ranked ?? [])] };
    try {
      await client().approvals[verb](runId, nodeId, {
        iteration,
        requestedAtMs,
        ...(note.trim() && { note: note.trim() }),
        ...choice,
      });
      const text =
        verb === "deny"
          ? "denied. The run has been told."
          : answer
            ? "answered. It is asked again if the run finds that the answer does not fit."
            : "approved. The run continues.";
      onDecided({ approval, tone: verb === "approve" ? "good" : "bad", text });
    } catch (error) {
      if (isSmithersError(error) && error.code === "NODE_NOT_WAITING")
        onDecided({ approval, tone: "plain", text: await decisionOn(approval) });
      else setProblem(told(error).message);
    } finally {
      setBusy(false);
      void queries.invalidateQueries({ queryKey: ["approvals"] });
    }
  };

  const body = { iteration, requestedAtMs };
  return (
    <article className="question" aria-label={titleOf(approval)}>
      <button type="button" className="link back-link" onClick={onBack}>
        All approvals
      </button>
      <div className="question-head">
        <Heading>{titleOf(approval)}</Heading>
        <CopyCommands
          items={[
            {
              label: isAnswer ? "Answer" : "Approve",
              cli: cli("approve", runId, nodeId, ...(isAnswer ? ["--data", "{}"] : [])),
              curl: curl(`${nodePath(runId, nodeId)}/approve`, { ...body, ...(isAnswer && { data: {} }) }),
            },
            { label: "Deny", cli: cli("deny", runId, nodeId), curl: curl(`${nodePath(runId, nodeId)}/deny`, body) },
          ]}
        />
      </div>
      <p className="question-from faint">
        <Link
          to="/runs/$runId"
          params={{ runId }}
          search={{ node: nodeId, iteration: iteration || undefined }}
          className="link"
        >
          {approval.workflowName}
        </Link>{" "}
        asks since {moment(requestedAtMs)}
        {iteration > 0 && `, iteration ${iteration + 1}`}
      </p>
      {approval.requestSummary && <p className="question-summary">{approval.requestSummary}</p>}
      {approval.metadata !== null && approval.metadata !== undefined && (
        <section className="question-metadata">
          <Below className="small-heading">Details</Below>
          <JsonTree value={approval.metadata} label="the details" />
        </section>
      )}
      {isAnswer && (
        <section aria-label="Your answer">
          {approval.lastError && (
            <p className="field-error" role="alert">
              {approval.lastError.message} This is asking {approval.asked} of {approval.maxAttempts}.
            </p>
          )}
          <DataForm
            schema={approval.dataSchema}
            initial={approval.lastAnswer ?? undefined}
            issues={issuesIn(approval.lastError)}
            submit="Send the answer"
            busy={busy}
            what="answer"
            onSubmit={(data) => void decide({ data })}
          />
        </section>
      )}
      {options && <Choice mode={mode} options={options} picked={picked} onPick={setPicked} />}
      <p className="next faint">
        {verb !== "approve" && afterDenial[approval.onDeny ?? "unknown"]}
        {verb === undefined && " "}
        {verb !== "deny" && afterApproval[mode]}
      </p>
      <div className="decide">
        <div className="decide-verbs">
          {!isAnswer && (
            <button
              type="button"
              className="button is-approve"
              aria-pressed={verb === "approve"}
              onClick={() => choose("approve")}
            >
              Approve <kbd>a</kbd>
            </button>
          )}
          <button
            type="button"
            className="button is-deny"
            aria-pressed={verb === "deny"}
            onClick={() => choose("deny")}
          >
            Deny <kbd>d</kbd>
          </button>
        </div>
        {verb && (
          <form
            className="decide-form"
            onSubmit={(event) => {
              event.preventDefault();
              void decide();
            }}
          >
            <label className="field">
              <span className="field-label">Note (optional)</span>
              <textarea
                ref={noteField}
                rows={2}
                value={note}
                onChange={(event) => setNote(event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === "Escape") setVerb(undefined);
                  if (event.key === "Enter" && !event.shiftKey) {
                    event.preventDefault();
                    void decide();
                  }
                }}
              />
            </label>
            {problem && (
              <p className="field-error" role="alert">
                {problem}
              </p>
            )}
            <div className="decide-actions">
              <button type="button" className="button is-quiet" onClick={() => setVerb(undefined)}>
                Not now
              </button>
              <button
                type="submit"
                className={`button ${verb === "approve" ? "is-primary" : "is-danger"}`}
                disabled={busy}
              >
                {verb === "approve" ? "Confirm approval" : "Confirm denial"}
              </button>
            </div>
          </form>
        )}
      </div>
    </article>
  );
}

/** The fields of the last answer that did not fit. */
function issuesIn(error: ApprovalItem["lastError"]): { path: (string | number)[]; message: string }[] {
  const { issues } = (error?.details ?? {}) as { issues?: { path: (string | number)[]; message: string }[] };
  return issues ?? [];
}

/** What became of a question, as the run's events tell it. */
async function decisionOn({ runId, nodeId, iteration, requestedAtMs }: ApprovalItem): Promise<string> {
  try {
    let text = "it waits for no decision any more.";
    for await (const event of client().runs.events(runId, { follow: false })) {
      if (
        !("nodeId" in event) ||
        event.nodeId !== nodeId ||
        event.iteration !== iteration ||
        event.timestampMs < requestedAtMs
      )
        continue;
      if (event.type === "ApprovalGranted" || event.type === "ApprovalDenied") {
        const word = event.type === "ApprovalGranted" ? "approved" : "denied";
        text = `someone else has ${word} it${event.decidedBy ? ` (${event.decidedBy})` : ""}${event.note ? `: “${event.note}”` : "."}`;
      } else if (event.type === "NodeCancelled")
        text = "it is not asked any more: the run was cancelled, or goes another way.";
      else if (event.type === "NodeFailed")
        text = event.error.code === "APPROVAL_TIMEOUT" ? "no one decided in time." : text;
    }
    return text;
  } catch {
    return "it waits for no decision any more.";
  }
}

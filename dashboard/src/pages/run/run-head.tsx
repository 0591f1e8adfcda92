import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { RunDetail } from "smithers-orchestrator/client";
import { cli, curl, runPath } from "../../lib/commands.ts";
import type { RunLog } from "../../lib/run-log.ts";
import { client } from "../../lib/session.ts";
import { duration, moment, useNow } from "../../lib/time.ts";
import { stateOf, whyOf } from "../../lib/why.ts";
import { ConfirmButton } from "../../ui/confirm.tsx";
import { CopyCommands, CopyText } from "../../ui/copy.tsx";
import { Mark, Status, wordOf } from "../../ui/mark.tsx";
import { say, sayError } from "../../ui/toasts.tsx";
import { Tokens } from "../../ui/tokens.tsx";
import { SignalCards } from "./signals.tsx";
import { WhyLine } from "./why-line.tsx";

const route = getRouteApi("/runs/$runId");

/** What the run is, how it stands and why, and what can be done about it. */
export function RunHead({ run, log }: { run: RunDetail; log: RunLog }) {
  const nowMs = useNow();
  const { runId, status, startedAtMs, finishedAtMs, summary } = run;
  const hasEnded = finishedAtMs !== null;
  const state = stateOf(run);
  useEffect(() => {
    document.title = document.title.replace(
      /^(\(\d+\) )?.*( · Smithers)$/,
      `$1${run.workflowName}: ${wordOf(state)}$2`,
    );
  }, [run.workflowName, state]);
  const why = whyOf(run, nowMs);
  return (
    <header className="run-head">
      <div className="run-top">
        <div className="run-names">
          <h1 id="run-title">{run.workflowName}</h1>
          <CopyText text={runId} label="Copy the run's id">
            <span className="mono faint run-id">{runId}</span>
          </CopyText>
        </div>
        <Actions runId={runId} status={status} isStale={state === "stale"} hasEnded={hasEnded} />
      </div>
      <div className="run-facts">
        <Status state={state} />
        {startedAtMs !== null && <span title={moment(startedAtMs)}>started {moment(startedAtMs)}</span>}
        {startedAtMs !== null && (
          <span className="num">
            {hasEnded ? "took" : "for"} {duration((finishedAtMs ?? nowMs) - startedAtMs)}
          </span>
        )}
        <Relatives run={run} />
        <Counts summary={summary} />
      </div>
      {run.tokenUsage && <Tokens usage={run.tokenUsage} />}
      {why.map((one) => (
        <WhyLine key={one.text.slice(0, 40)} why={one} run={run} />
      ))}
      <SignalCards runId={runId} log={log} />
    </header>
  );
}

/** What a person can do about the run. */
function Actions(props: { runId: string; status: RunDetail["status"]; isStale: boolean; hasEnded: boolean }) {
  const { runId, status, isStale, hasEnded } = props;
  const act = (what: string, call: () => Promise<unknown>) => async () => {
    try {
      await call();
      say(what);
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <div className="run-actions">
      <CopyCommands items={commandsOf(runId, status)} />
      {(status === "failed" || isStale) && (
        <button
          type="button"
          className="button is-primary"
          onClick={act("The run continues.", () => client().runs.resume(runId))}
        >
          Resume
        </button>
      )}
      {!hasEnded && (
        <ConfirmButton
          label="Cancel"
          danger
          title="Cancel this run?"
          action="Cancel the run"
          act={act("The run is being cancelled.", () => client().runs.cancel(runId))}
        >
          Its running steps are aborted, with their child processes, and its waits are closed. A cancelled run cannot be
          continued.
        </ConfirmButton>
      )}
    </div>
  );
}

/** How many steps are in each state; a press shows only those. */
function Counts({ summary }: { summary: RunDetail["summary"] }) {
  const { state: shown, tab } = route.useSearch();
  const counts = Object.entries(summary).filter(([, count]) => count > 0);
  return (
    <span className="counts">
      {counts.map(([state, count]) => {
        const isShown = tab === undefined && shown === state;
        return (
          <Link
            key={state}
            from="/runs/$runId"
            to="."
            search={(before) => ({ ...before, tab: undefined, state: isShown ? undefined : state })}
            className={`count-of ${isShown ? "is-shown" : ""}`}
            title={isShown ? "Show all steps" : `Show only these: ${wordOf(state)}`}
            activeProps={{ "aria-current": undefined }}
            replace
          >
            <Mark state={state} />
            <span className="num">{count}</span>
          </Link>
        );
      })}
    </span>
  );
}

/** The run before this one, and the one whose subflow it is; the one after it is among the reasons. */
function Relatives({ run }: { run: RunDetail }) {
  const links = [
    { what: "subflow of", runId: run.parentNodeId === undefined ? undefined : run.parentRunId },
    { what: "continues", runId: run.continuedFrom },
  ];
  return links.flatMap(({ what, runId }) =>
    runId === undefined
      ? []
      : [
          <span key={what}>
            {what}{" "}
            <Link to="/runs/$runId" params={{ runId }} className="link mono">
              {runId}
            </Link>
          </span>,
        ],
  );
}

function commandsOf(runId: string, status: string) {
  const path = runPath(runId);
  const all = [{ label: "Show this run", cli: cli("inspect", runId), curl: curl(path).replace("-X POST ", "") }];
  if (status === "failed") all.push({ label: "Resume", cli: cli("resume", runId), curl: curl(`${path}/resume`) });
  if (!["finished", "failed", "cancelled", "continued"].includes(status))
    all.push({ label: "Cancel", cli: cli("cancel", runId), curl: curl(`${path}/cancel`) });
  return all;
}

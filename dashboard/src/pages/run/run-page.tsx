import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { RunDetail } from "smithers-orchestrator/client";
import { cli, curl, runPath } from "../../lib/commands.ts";
import { onRunChange } from "../../lib/live.ts";
import { frameQuery, runQuery } from "../../lib/queries.ts";
import type { RunLog } from "../../lib/run-log.ts";
import { tabs } from "../../lib/run-search.ts";
import { client } from "../../lib/session.ts";
import { duration, moment, useNow } from "../../lib/time.ts";
import { useRunLog } from "../../lib/use-run-log.ts";
import { useThrottled } from "../../lib/use-throttled.ts";
import { whyOf } from "../../lib/why.ts";
import { ConfirmButton } from "../../ui/confirm.tsx";
import { CopyCommands, CopyText } from "../../ui/copy.tsx";
import { Mark, Status, wordOf } from "../../ui/mark.tsx";
import { Loading, Trouble } from "../../ui/states.tsx";
import { say, sayError } from "../../ui/toasts.tsx";
import { Tokens } from "../../ui/tokens.tsx";
import { EventsTab } from "./events-tab.tsx";
import { FramesTab } from "./frames-tab.tsx";
import { SignalCards } from "./signals.tsx";
import { StepsTab } from "./steps-tab.tsx";

const route = getRouteApi("/runs/$runId");
/** How often a run's detail is read again while it changes, in ms. */
const readAgainMs = 500;

export function RunPage() {
  const { runId } = route.useParams();
  return <OneRun key={runId} runId={runId} />;
}

function OneRun({ runId }: { runId: string }) {
  const { tab = "steps" } = route.useSearch();
  const queries = useQueryClient();
  const run = useQuery(runQuery(runId));
  const { log, error, isLoaded } = useRunLog(runId);
  const frameNo = useThrottled(log.frameNo, 300);
  const frame = useQuery({ ...frameQuery(runId, frameNo), placeholderData: keepPreviousData });

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onRunChange(runId, () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: ["run", runId] });
      }, readAgainMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [queries, runId]);
  // What another process does may be told late; the run's own events are not.
  const isOver = log.endedAtMs !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the run has ended or continues
  useEffect(() => void queries.invalidateQueries({ queryKey: ["run", runId] }), [isOver]);

  if (run.isError && !run.data) return <Trouble isPage error={run.error} retry={() => run.refetch()} />;
  if (!run.data) return <Loading rows={10} label="Loading the run" />;
  return (
    <article className="page run-page" aria-labelledby="run-title">
      <RunHead run={run.data} log={log} />
      <nav className="tabs" aria-label="What of the run">
        {tabs.map((one) => (
          <Link
            key={one}
            from="/runs/$runId"
            to="."
            search={(before) => ({ ...before, tab: one === "steps" ? undefined : one })}
            className="tab"
            activeOptions={{ exact: true }}
            replace
          >
            {{ steps: "Steps", events: "Events", frames: "Frames" }[one]}
            {one === "events" && log.lastSeq > 0 && <span className="tab-count num">{log.lastSeq}</span>}
            {one === "frames" && log.frameNo > 0 && <span className="tab-count num">{log.frameNo}</span>}
          </Link>
        ))}
      </nav>
      {error !== undefined && log.lastSeq === 0 ? (
        <Trouble error={error} />
      ) : tab === "steps" ? (
        <StepsTab run={run.data} log={log} frame={frame.data} isLoaded={isLoaded} />
      ) : tab === "events" ? (
        <EventsTab log={log} isLoaded={isLoaded} />
      ) : (
        <FramesTab runId={runId} log={log} />
      )}
    </article>
  );
}

function RunHead({ run, log }: { run: RunDetail; log: RunLog }) {
  const nowMs = useNow();
  const { runId, status, startedAtMs, finishedAtMs, summary } = run;
  const hasEnded = finishedAtMs !== null;
  const state = run.runState.state === "stale" ? "stale" : status;
  useEffect(() => {
    document.title = document.title.replace(
      /^(\(\d+\) )?.*( · Smithers)$/,
      `$1${run.workflowName}: ${wordOf(state)}$2`,
    );
  }, [run.workflowName, state]);
  const counts = Object.entries(summary).filter(([, count]) => count > 0);
  const act = (what: string, call: () => Promise<unknown>) => async () => {
    try {
      await call();
      say(what);
    } catch (error) {
      sayError(error);
    }
  };
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
        <div className="run-actions">
          <CopyCommands items={commandsOf(runId, status)} />
          {(status === "failed" || state === "stale") && (
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
              Its running steps are aborted, with their child processes, and its waits are closed. A cancelled run
              cannot be continued.
            </ConfirmButton>
          )}
        </div>
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
        <span className="counts">
          {counts.map(([name, count]) => (
            <span key={name} className="count-of" title={`${count} ${wordOf(name)}`}>
              <Mark state={name} />
              <span className="num">{count}</span>
            </span>
          ))}
        </span>
      </div>
      {run.tokenUsage && <Tokens usage={run.tokenUsage} />}
      {why.map(({ tone, text }) => (
        <p key={text.slice(0, 40)} className={`why is-${tone}`} role={tone === "bad" ? "alert" : undefined}>
          {text}
          {tone === "waiting" && status === "waiting-approval" && (
            <>
              {" "}
              <Link to="/approvals" className="link">
                Decide in the inbox
              </Link>
            </>
          )}
        </p>
      ))}
      <SignalCards runId={runId} log={log} />
    </header>
  );
}

/** The runs before and after this one, and the one whose subflow it is. */
function Relatives({ run }: { run: RunDetail }) {
  const links = [
    { what: "subflow of", runId: run.parentNodeId === undefined ? undefined : run.parentRunId },
    { what: "continues", runId: run.continuedFrom },
    { what: "continued as", runId: run.continuedAs },
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

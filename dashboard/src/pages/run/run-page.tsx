import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { onRunChange } from "../../lib/live.ts";
import { frameQuery, runQuery } from "../../lib/queries.ts";
import { tabs } from "../../lib/run-search.ts";
import { useRunLog } from "../../lib/use-run-log.ts";
import { useThrottled } from "../../lib/use-throttled.ts";
import { Loading, Trouble } from "../../ui/states.tsx";
import { EventsTab } from "./events-tab.tsx";
import { FramesTab } from "./frames-tab.tsx";
import { RunHead } from "./run-head.tsx";
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
    <article className="page" aria-labelledby="run-title">
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

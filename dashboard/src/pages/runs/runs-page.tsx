import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { RunListItem } from "smithers-orchestrator/client";
import { runsQuery } from "../../lib/queries.ts";
import { Empty, Loading, ShowAllRuns, Trouble } from "../../ui/states.tsx";
import { Filters } from "./filters.tsx";
import { RunTable } from "./run-table.tsx";

const route = getRouteApi("/");

export function RunsPage() {
  const filter = route.useSearch();
  const runs = useInfiniteQuery(runsQuery(filter));
  const rows = useMemo(() => unique(runs.data?.pages.flatMap(({ items }) => items) ?? []), [runs.data]);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <section className="page runs-page" aria-labelledby="runs-title">
      <div className="page-head">
        <h1 id="runs-title">Runs</h1>
        <Filters filter={filter} workflows={[...new Set(rows.map(({ workflowName }) => workflowName))].sort()} />
      </div>
      {runs.isPending ? (
        <Loading rows={12} label="Loading the runs" />
      ) : runs.isError && rows.length === 0 ? (
        <Trouble error={runs.error} retry={() => runs.refetch()} />
      ) : rows.length === 0 ? (
        isFiltered ? (
          <Empty title="No run fits this filter">
            <p>
              <ShowAllRuns />
            </p>
          </Empty>
        ) : (
          <NoRuns />
        )
      ) : (
        <RunTable
          rows={rows}
          hasMore={runs.hasNextPage}
          isFetching={runs.isFetchingNextPage}
          more={() => void runs.fetchNextPage()}
        />
      )}
    </section>
  );
}

/** A run that moved from one page to the next while they were read is in both. */
function unique(items: readonly RunListItem[]): RunListItem[] {
  return [...new Map(items.map((item) => [item.runId, item])).values()];
}

function NoRuns() {
  return (
    <Empty title="No run has been started yet">
      <p>
        A run is one execution of a workflow file. It appears here at the moment it is started, from this page or from
        anywhere else.
      </p>
      <p>
        <Link to="/start" className="button is-primary">
          Start a run
        </Link>
      </p>
      <p className="faint">From a terminal:</p>
      <pre className="code">smithers init{"\n"}smithers up hello.tsx</pre>
    </Empty>
  );
}

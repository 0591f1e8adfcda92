import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { RunListItem } from "smithers-orchestrator/client";
import { shortId } from "../lib/ids.ts";
import { runsQuery } from "../lib/queries.ts";
import { type RunFilter, spans, statuses } from "../lib/run-filter.ts";
import { ago, duration, moment, useNow } from "../lib/time.ts";
import { useNarrow } from "../lib/use-narrow.ts";
import { stateOf, waitsFor } from "../lib/why.ts";
import { Mark, wordOf } from "../ui/mark.tsx";
import { isTyping } from "../ui/shell.tsx";
import { Empty, Loading, Trouble } from "../ui/states.tsx";

const route = getRouteApi("/");
const rowHeight = 36;
const headHeight = 30;
const narrowRowHeight = 56;

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
              <Link to="/" className="link">
                Show all runs
              </Link>
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

function Filters({ filter, workflows }: { filter: RunFilter; workflows: readonly string[] }) {
  const navigate = useNavigate({ from: "/" });
  const [text, setText] = useState(filter.text ?? "");
  const field = useRef<HTMLInputElement>(null);
  const set = (change: Partial<RunFilter>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });

  useEffect(() => setText(filter.text ?? ""), [filter.text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the timer
  useEffect(() => {
    if (text === (filter.text ?? "")) return;
    const timer = setTimeout(() => set({ text: text || undefined }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);

  const choices = filter.workflow && !workflows.includes(filter.workflow) ? [filter.workflow, ...workflows] : workflows;
  return (
    <search className="filters">
      <input
        ref={field}
        type="search"
        placeholder="Search id, name or path"
        aria-label="Search id, name or path"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <select
        aria-label="Status"
        value={filter.status ?? ""}
        onChange={({ target }) => set({ status: (target.value || undefined) as RunFilter["status"] })}
      >
        <option value="">Any status</option>
        {Object.entries(statuses).map(([status, word]) => (
          <option key={status} value={status}>
            {word}
          </option>
        ))}
      </select>
      <select
        aria-label="Workflow"
        value={filter.workflow ?? ""}
        onChange={({ target }) => set({ workflow: target.value || undefined })}
      >
        <option value="">Any workflow</option>
        {choices.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Started"
        value={filter.since ?? ""}
        onChange={({ target }) => set({ since: (target.value || undefined) as RunFilter["since"] })}
      >
        <option value="">Any time</option>
        {Object.entries(spans).map(([key, { label }]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
    </search>
  );
}

function RunTable(props: { rows: readonly RunListItem[]; hasMore: boolean; isFetching: boolean; more(): void }) {
  const { rows, hasMore, isFetching, more } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow();
  const navigate = useNavigate();
  const [at, setAt] = useState(-1);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? narrowRowHeight : rowHeight),
    getItemKey: (index) => rows[index]!.runId,
    overscan: 12,
    scrollMargin: isNarrow ? 0 : headHeight,
    scrollPaddingStart: headHeight,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows' heights have changed
  useEffect(() => list.measure(), [isNarrow]);
  const shown = list.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isFetching && last >= rows.length - 40) more();
  }, [hasMore, isFetching, last, rows.length, more]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      if (event.key === "j" || event.key === "k") {
        const next = Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
        setAt(next);
        list.scrollToIndex(next);
      } else if (event.key === "Enter" && at >= 0 && (event.target as HTMLElement).closest("a, button") === null) {
        const run = rows[at];
        if (run) void navigate({ to: "/runs/$runId", params: { runId: run.runId } });
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [at, rows, list, navigate]);

  return (
    <div
      ref={scroller}
      className="table scroller"
      role="table"
      tabIndex={0}
      aria-label="Runs, newest first"
      aria-rowcount={hasMore ? -1 : rows.length + 1}
    >
      <div role="rowgroup" className="table-head">
        <div role="row" className="run-row" aria-rowindex={1}>
          {["Workflow", "Run", "Waits for", "Started", "Took"].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="virtual" style={{ height: list.getTotalSize() }}>
        {shown.map(({ index, start, key, size }) => (
          <RunRow
            key={key}
            run={rows[index]!}
            index={index}
            top={start - list.options.scrollMargin}
            height={size}
            isAt={index === at}
          />
        ))}
      </div>
    </div>
  );
}

function RunRow(props: { run: RunListItem; index: number; top: number; height: number; isAt: boolean }) {
  const { run, index, top, height, isAt } = props;
  const nowMs = useNow();
  const state = stateOf(run);
  const startedAtMs = run.startedAtMs ?? run.createdAtMs;
  const waits = waitsFor(run);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`run-row is-row ${isAt ? "is-at" : ""}`}
      style={{ transform: `translateY(${top}px)`, height }}
    >
      <span role="cell" className="cell-name" title={`${wordOf(state)}: ${run.workflowName}`}>
        <Mark state={state} />
        <Link to="/runs/$runId" params={{ runId: run.runId }} className="row-link" preload={false}>
          {run.workflowName}
        </Link>
        {run.parentNodeId !== null && (
          <span className="tag" title={`The step ${run.parentNodeId} of the run ${run.parentRunId}`}>
            subflow
          </span>
        )}
      </span>
      <span role="cell" className="cell-id mono faint" title={run.runId}>
        {shortId(run.runId)}
      </span>
      <span
        role="cell"
        className={`cell-waits ${run.status === "failed" || state === "stale" ? "is-bad" : ""}`}
        title={waits}
      >
        {waits}
      </span>
      <span role="cell" className="cell-when num" title={moment(startedAtMs)}>
        {ago(startedAtMs, nowMs)}
      </span>
      <span role="cell" className="cell-took num">
        {duration((run.finishedAtMs ?? nowMs) - startedAtMs)}
      </span>
    </div>
  );
}

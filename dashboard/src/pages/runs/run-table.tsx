import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { RunListItem } from "smithers-orchestrator/client";
import { shortId } from "../../lib/ids.ts";
import { isTyping, useKeydown } from "../../lib/keys.ts";
import { ago, duration, moment, useNow } from "../../lib/time.ts";
import { useNarrow } from "../../lib/use-narrow.ts";
import { stateOf, waitsFor } from "../../lib/why.ts";
import { Mark, wordOf } from "../../ui/mark.tsx";

const rowHeight = 36;
const headHeight = 30;
const narrowRowHeight = 56;

/** The runs, as many rows as are in sight; asks for more when the end is near. */
export function RunTable(props: { rows: readonly RunListItem[]; hasMore: boolean; isFetching: boolean; more(): void }) {
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

  useKeydown((event) => {
    if (isTyping(event)) return;
    if (event.key === "j" || event.key === "k") {
      const next = Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
      setAt(next);
      list.scrollToIndex(next);
    } else if (event.key === "Enter" && at >= 0 && (event.target as HTMLElement).closest("a, button") === null) {
      const run = rows[at];
      if (run) void navigate({ to: "/runs/$runId", params: { runId: run.runId } });
    }
  });

  return (
    <div
      ref={scroller}
      className="table scroller"
      role="table"
      tabIndex={0}
      aria-label="Runs, newest first"
      aria-rowcount={hasMore ? -1 : rows.length + 1}
    >
      <HeadRow />
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

function HeadRow() {
  return (
    <div role="rowgroup" className="table-head">
      <div role="row" className="run-row" aria-rowindex={1}>
        {["Workflow", "Run", "Waits for", "Started", "Took"].map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
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

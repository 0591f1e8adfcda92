import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import type { NodeLog, RunLog } from "../../lib/run-log.ts";
import { clock, duration, useNow } from "../../lib/time.ts";
import { type Row, stateOfGroup } from "../../lib/tree.ts";
import { Mark, wordOf } from "../../ui/mark.tsx";

const rowHeight = 32;

export interface StepTreeProps {
  readonly rows: readonly Row[];
  readonly log: RunLog;
  readonly folded: ReadonlySet<string>;
  readonly selected: string | undefined;
  /** Whether the time stands still: the tree of a frame. */
  readonly untilMs?: number;
  /** Stands above the rows. */
  readonly about?: ReactNode;
  onFold(key: string): void;
  onSelect(nodeId: string, iteration: number): void;
}

export function StepTree({ rows, log, folded, selected, untilMs, about, onFold, onSelect }: StepTreeProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]!.key,
    overscan: 15,
  });
  const nowMs = useNow();
  const fromMs = log.startedAtMs ?? nowMs;
  const toMs = Math.max(untilMs ?? log.endedAtMs ?? nowMs, fromMs + 1);
  const steps = rows.filter(({ kind }) => kind === "step");
  const at = rows.findIndex(({ key, kind }) => kind === "step" && key === selected);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only once, for a link to one step
  useEffect(() => {
    if (at > 0) list.scrollToIndex(at, { align: "center" });
  }, []);

  const press = (event: React.KeyboardEvent) => {
    const step =
      event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (step === 0 || event.ctrlKey || event.metaKey || event.altKey || steps.length === 0) return;
    event.preventDefault();
    const now = steps.findIndex(({ key }) => key === selected);
    const next = steps[now === -1 ? 0 : Math.min(Math.max(now + step, 0), steps.length - 1)]!;
    onSelect(next.nodeId!, next.iteration);
    list.scrollToIndex(rows.indexOf(next));
  };

  return (
    <div className="tree">
      {about}
      <TreeHead fromMs={fromMs} toMs={toMs} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys only move between the buttons in it */}
      <div ref={scroller} className="scroller" onKeyDown={press}>
        <ul className="virtual" style={{ height: list.getTotalSize() }} aria-label="Steps in the workflow's order">
          {list.getVirtualItems().map(({ index, start, key }) => {
            const row = rows[index]!;
            return (
              <li key={key} className={`tree-row is-${row.kind}`} style={{ transform: `translateY(${start}px)` }}>
                {row.kind === "step" ? (
                  <Step row={row} log={log} fromMs={fromMs} toMs={toMs} isSelected={index === at} onSelect={onSelect} />
                ) : (
                  <Group
                    row={row}
                    log={log}
                    fromMs={fromMs}
                    toMs={toMs}
                    isOpen={folded.has(row.key) === (row.kind === "iteration")}
                    onFold={onFold}
                  />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function TreeHead({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return (
    <div className="tree-head" aria-hidden="true">
      <span>Step</span>
      <span className="tree-scale num">
        <span>{clock(fromMs)}</span>
        <span>{duration(toMs - fromMs)}</span>
      </span>
      <span className="num tree-took">Took</span>
    </div>
  );
}

function Step(props: {
  row: Row;
  log: RunLog;
  fromMs: number;
  toMs: number;
  isSelected: boolean;
  onSelect: StepTreeProps["onSelect"];
}) {
  const { row, log, fromMs, toMs, isSelected, onSelect } = props;
  const node = log.nodes.get(row.key);
  const state = log.stateOf(row.key);
  const retries = (node?.attempts ?? 0) - 1;
  return (
    <button
      type="button"
      className={`step ${isSelected ? "is-selected" : ""}`}
      aria-pressed={isSelected}
      onClick={() => onSelect(row.nodeId!, row.iteration)}
    >
      <span className={`step-name depth-${Math.min(row.depth, 12)}`}>
        <Mark state={state} />
        <span className="step-title" title={row.nodeId}>
          {row.title}
        </span>
        {row.detail !== "" && <span className="step-detail faint">{row.detail}</span>}
        {row.tag !== "task" && <span className="tag">{tagWords[row.tag] ?? row.tag}</span>}
        {retries > 0 && <span className="tag is-retry">{retries === 1 ? "1 retry" : `${retries} retries`}</span>}
      </span>
      <Lane node={node} fromMs={fromMs} toMs={toMs} />
      <span className="step-took num">{node ? tookOf(node, toMs) : ""}</span>
    </button>
  );
}

const tagWords: Readonly<Record<string, string>> = {
  "wait-for-event": "signal",
  "human-task": "answer",
  "worktree-cleanup": "clean-up",
};

function tookOf(node: NodeLog, nowMs: number): string {
  const first = node.spans[0];
  if (!first) return "";
  const last = node.spans.at(-1)!;
  return duration((last.toMs ?? nowMs) - first.fromMs);
}

/** When the step was executed, and when it waited, on the time of the whole run. */
function Lane({ node, fromMs, toMs }: { node: NodeLog | undefined; fromMs: number; toMs: number }) {
  const share = (ms: number) => (100 * Math.min(Math.max(ms, 0), toMs - fromMs)) / (toMs - fromMs);
  return (
    <span className="lane" aria-hidden="true">
      {node?.spans.map((span) => {
        const left = share(span.fromMs - fromMs);
        const width = share((span.toMs ?? toMs) - fromMs) - left;
        const look = span.kind === "wait" ? "waits" : (span.end ?? "running");
        const what = span.kind === "wait" ? "waited" : span.attempt > 0 ? `attempt ${span.attempt}` : "ran";
        return (
          <span
            key={`${span.kind}${span.fromMs}`}
            className={`bar-span is-${look}`}
            style={{ left: `${left}%`, width: `max(3px, ${width}%)` }}
            title={`${what}, ${clock(span.fromMs)}, ${duration((span.toMs ?? toMs) - span.fromMs)}`}
          />
        );
      })}
    </span>
  );
}

function Group(props: {
  row: Row;
  log: RunLog;
  fromMs: number;
  toMs: number;
  isOpen: boolean;
  onFold(key: string): void;
}) {
  const { row, log, fromMs, toMs, isOpen, onFold } = props;
  const state = stateOfGroup(row.below, log);
  const extent = extentOf(row.below, log, toMs);
  const share = (ms: number) => (100 * (ms - fromMs)) / (toMs - fromMs);
  return (
    <button
      type="button"
      className="step group"
      aria-expanded={row.canFold ? isOpen : undefined}
      disabled={!row.canFold}
      onClick={() => onFold(row.key)}
    >
      <span className={`step-name depth-${Math.min(row.depth, 12)}`}>
        <span className={row.canFold ? "fold-sign" : "fold-space"} aria-hidden="true" />
        <span className="group-title">{row.title}</span>
        {row.detail !== "" && <span className="faint group-detail">{row.detail}</span>}
        {(!isOpen || row.kind === "iteration") && (
          <span className="group-state" title={wordOf(state)}>
            <Mark state={state} />
            <span className="num faint">{row.below.length}</span>
          </span>
        )}
      </span>
      <span className="lane" aria-hidden="true">
        {extent && (
          <span
            className="bar-span is-extent"
            style={{
              left: `${share(extent.fromMs)}%`,
              width: `max(3px, ${share(extent.toMs) - share(extent.fromMs)}%)`,
            }}
          />
        )}
      </span>
      <span className="step-took num">{extent && duration(extent.toMs - extent.fromMs)}</span>
    </button>
  );
}

/** From the first beginning to the last end of some steps. */
function extentOf(keys: readonly string[], log: RunLog, nowMs: number): { fromMs: number; toMs: number } | undefined {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = 0;
  for (const key of keys) {
    const spans = log.nodes.get(key)?.spans ?? [];
    if (spans.length === 0) continue;
    fromMs = Math.min(fromMs, spans[0]!.fromMs);
    toMs = Math.max(toMs, Math.min(spans.at(-1)!.toMs ?? nowMs, nowMs));
  }
  return fromMs <= toMs ? { fromMs, toMs } : undefined;
}

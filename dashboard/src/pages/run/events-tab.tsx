import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { RunEvent } from "smithers-orchestrator/client";
import type { RunLog } from "../../lib/run-log.ts";
import { clock, moment } from "../../lib/time.ts";
import { JsonTree } from "../../ui/json-tree.tsx";
import { Empty, Loading } from "../../ui/states.tsx";

/** The run's events, newest last, with a filter. */
export function EventsTab({ log, isLoaded }: { log: RunLog; isLoaded: boolean }) {
  const [filter, setFilter] = useState<EventFilter>({ text: "", type: "" });
  const { version, events } = log;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log is changed in place, and counts its changes
  const types = useMemo(() => [...new Set(events.map((event) => event.type))].sort(), [version, events]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const shown = useMemo(() => events.filter((event) => fits(event, filter)), [version, events, filter]);
  if (!isLoaded && log.lastSeq === 0) return <Loading rows={10} label="Loading the events" />;
  return (
    <div className="events">
      <search className="filters">
        <Filters filter={filter} types={types} onChange={setFilter} />
        <span className="faint num" role="status">
          {shown.length === events.length ? `${events.length} events` : `${shown.length} of ${events.length}`}
          {log.dropped > 0 && `, without the first ${log.dropped}`}
        </span>
      </search>
      {shown.length === 0 ? <Empty title="No event fits this filter" /> : <EventList events={shown} />}
    </div>
  );
}

interface EventFilter {
  readonly text: string;
  /** Empty for any. */
  readonly type: string;
}

function fits(event: RunEvent, { text, type }: EventFilter): boolean {
  if (type !== "" && event.type !== type) return false;
  return text === "" || JSON.stringify(event).toLowerCase().includes(text.toLowerCase());
}

interface FiltersProps {
  readonly filter: EventFilter;
  readonly types: readonly string[];
  onChange(filter: EventFilter): void;
}

function Filters({ filter, types, onChange }: FiltersProps) {
  return (
    <>
      <input
        type="search"
        aria-label="Filter events"
        placeholder="Filter: a step, a word, a value"
        value={filter.text}
        onChange={(event) => onChange({ ...filter, text: event.target.value })}
      />
      <select
        aria-label="Type"
        value={filter.type}
        onChange={(event) => onChange({ ...filter, type: event.target.value })}
      >
        <option value="">Any type</option>
        {types.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </>
  );
}

/** A list that stays at its end as events come, while a person is there. */
function EventList({ events }: { events: readonly RunEvent[] }) {
  const [open, setOpen] = useState<number>();
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const list = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 30,
    getItemKey: (index) => events[index]!.seq,
    overscan: 20,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end stays in sight as events come
  useEffect(() => {
    if (isAtEnd.current) list.scrollToIndex(events.length - 1);
  }, [events.length]);
  return (
    <div
      ref={scroller}
      className="scroller"
      tabIndex={0}
      role="region"
      aria-label="Events"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 60;
      }}
    >
      <ol className="virtual" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, start, key }) => {
          const event = events[index]!;
          return (
            <li
              key={key}
              data-index={index}
              ref={list.measureElement}
              className="event"
              style={{ transform: `translateY(${start}px)` }}
            >
              <EventRow
                event={event}
                isOpen={open === event.seq}
                onToggle={() => setOpen(open === event.seq ? undefined : event.seq)}
              />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function EventRow({ event, isOpen, onToggle }: { event: RunEvent; isOpen: boolean; onToggle(): void }) {
  const { seq, type, runId: _, timestampMs, ...fields } = event;
  return (
    <>
      <button type="button" className="event-line" aria-expanded={isOpen} onClick={onToggle}>
        <span className="num faint event-seq">{seq}</span>
        <span className="num faint" title={moment(timestampMs)}>
          {clock(timestampMs)}
        </span>
        <span className={`event-type ${/Failed|Denied|Timeout/.test(type) ? "is-bad" : ""}`}>{type}</span>
        <span className="event-fields">{summary(fields)}</span>
      </button>
      {isOpen && (
        <div className="event-open">
          <JsonTree value={fields} label="the event" />
        </div>
      )}
    </>
  );
}

/** An event in one line: what a reader looks for, without hashes and schemas, which the open event has. */
function summary(fields: Record<string, unknown>): string {
  const { nodeId, iteration, ...others } = fields;
  const parts: string[] = [];
  if (typeof nodeId === "string")
    parts.push(typeof iteration === "number" && iteration > 0 ? `${nodeId} #${iteration + 1}` : nodeId);
  for (const [name, value] of Object.entries(others)) {
    if (value === null || value === undefined || name === "xmlHash" || name === "dataSchema") continue;
    if (typeof value === "number" && /AtMs$/.test(name))
      parts.push(`${name.slice(0, -"AtMs".length)} at ${moment(value)}`);
    else parts.push(`${name} ${textOf(value)}`);
  }
  return parts.join(" · ").slice(0, 300);
}

const textOf = (value: unknown): string =>
  typeof value === "object" ? ((value as { message?: string }).message ?? JSON.stringify(value)) : String(value);

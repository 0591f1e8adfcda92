import type { ReactNode } from "react";
import { statuses } from "../lib/run-filter.ts";

/** What a state looks like: a shape of its own besides the colour, so that no one needs to tell colours apart. */
const shapes: Readonly<Record<string, ReactNode>> = {
  running: <circle cx="8" cy="8" r="4" fill="currentColor" />,
  waiting: (
    <path d="M8 3.2 12.8 8 8 12.8 3.2 8Z" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" />
  ),
  signal: (
    <path
      d="M8 2.8v6.4M5.2 6.6 8 9.4l2.8-2.8M3.6 12.6h8.8"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  continued: (
    <path
      d="M3.2 8h9.2M8.8 4.4 12.4 8l-3.6 3.6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  queued: (
    <g fill="currentColor">
      <circle cx="3.6" cy="8" r="1.5" />
      <circle cx="8" cy="8" r="1.5" />
      <circle cx="12.4" cy="8" r="1.5" />
    </g>
  ),
  timer: (
    <g fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round">
      <circle cx="8" cy="8" r="4.8" />
      <path d="M8 5.4V8l1.8 1.2" />
    </g>
  ),
  finished: (
    <path
      d="m3.8 8.4 2.8 2.8 5.6-6"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  failed: (
    <path d="m4.4 4.4 7.2 7.2m0-7.2-7.2 7.2" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
  ),
  cancelled: <path d="M4 8h8" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  skipped: (
    <path
      d="M4 5.2 7.4 8 4 10.8M8.6 5.2 12 8l-3.4 2.8"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
      strokeLinecap="round"
    />
  ),
  pending: <circle cx="8" cy="8" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" strokeDasharray="2 1.7" />,
  stale: <path d="M8 3.4v5.4M8 12v.3" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />,
};

/** The look of a run's status or a node's state. */
function lookOf(state: string): keyof typeof shapes {
  if (state === "waiting-timer" || state === "waiting-quota") return "timer";
  if (state === "waiting-event") return "signal";
  if (state.startsWith("waiting-")) return "waiting";
  if (state === "in-progress" || state === "running") return "running";
  if (state === "succeeded") return "finished";
  return state in shapes ? state : "pending";
}

const words: Readonly<Record<string, string>> = {
  ...statuses,
  "in-progress": "Running",
  pending: "Pending",
  skipped: "Skipped",
  stale: "Stale",
};

export const wordOf = (state: string): string => words[state] ?? state;

/** The mark of a state; with its word for those who do not see it. */
export function Mark({ state, hidden = false }: { state: string; hidden?: boolean }) {
  const look = lookOf(state);
  return (
    <span className={`mark is-${look}`}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        {shapes[look]}
      </svg>
      {!hidden && <span className="sr-only">{wordOf(state)}</span>}
    </span>
  );
}

export function Status({ state }: { state: string }) {
  return (
    <span className={`status is-${lookOf(state)}`}>
      <Mark state={state} hidden />
      {wordOf(state)}
    </span>
  );
}

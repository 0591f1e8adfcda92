import type { RunListItem } from "smithers-orchestrator/client";

/** The filter of the list of runs, as the address has it. */
export interface RunFilter {
  readonly status?: RunListItem["status"] | "open" | "queued";
  readonly workflow?: string;
  readonly text?: string;
  /** How far back, as a key of {@link spans}. */
  readonly since?: keyof typeof spans;
}

export const statuses: Readonly<Record<string, string>> = {
  open: "All that have not ended",
  running: "Running",
  queued: "Waiting for a free place",
  "waiting-approval": "Waiting for approval",
  "waiting-event": "Waiting for a signal",
  "waiting-timer": "Waiting for a timer",
  "waiting-quota": "Waiting for a quota",
  finished: "Finished",
  failed: "Failed",
  cancelled: "Cancelled",
  continued: "Continued as new",
};

export const spans = {
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 86_400_000 },
  "7d": { label: "Last 7 days", ms: 7 * 86_400_000 },
  "30d": { label: "Last 30 days", ms: 30 * 86_400_000 },
} as const;

const text = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;

/** The filter of an address; what it does not know is left out. */
export function readFilter(search: Record<string, unknown>): RunFilter {
  const status = text(search.status);
  const since = text(search.since);
  return {
    status: status !== undefined && status in statuses ? (status as RunFilter["status"]) : undefined,
    workflow: text(search.workflow),
    text: text(search.text),
    since: since !== undefined && since in spans ? (since as RunFilter["since"]) : undefined,
  };
}

/** The query of `GET /v1/runs`. The time is rounded, so that it stays the same for a minute. */
export function queryOf({ since, status, ...filter }: RunFilter, nowMs: number) {
  const createdAfterMs = since && Math.floor((nowMs - spans[since].ms) / 60_000) * 60_000;
  return { ...filter, ...statusQuery(status), createdAfterMs };
}

function statusQuery(status: RunFilter["status"]) {
  if (status === "open") return { ended: "false" as const };
  return status === "queued" ? { queued: "true" as const } : { status };
}

function hasStatus(run: RunListItem, status: NonNullable<RunFilter["status"]>): boolean {
  if (status === "open") return run.finishedAtMs === null;
  return status === "queued" ? run.runState.queued !== undefined : run.status === status;
}

/** Whether a run belongs to the list of this filter. */
export function matches(run: RunListItem, { status, workflow, text, since }: RunFilter): boolean {
  if (status !== undefined && !hasStatus(run, status)) return false;
  if (workflow !== undefined && run.workflowName !== workflow) return false;
  if (since !== undefined && run.createdAtMs < Date.now() - spans[since].ms) return false;
  const part = text?.toLowerCase();
  return (
    part === undefined ||
    [run.runId, run.workflowName, run.workflowPath ?? ""].some((one) => one.toLowerCase().includes(part))
  );
}

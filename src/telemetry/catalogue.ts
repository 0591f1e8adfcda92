import { eventTypes, nodeKindSchema } from "../model/index.ts";

/** What a metric is to OpenTelemetry; `observable` ones are read when somebody asks for them. */
export type InstrumentKind = "counter" | "upDownCounter" | "histogram" | "observableGauge" | "observableCounter";

export interface Metric {
  readonly kind: InstrumentKind;
  readonly help: string;
  readonly labels: readonly LabelName[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** What each label says, and the values that it may have where they are known beforehand. */
export const labels = {
  workflow: { help: "the workflow's name; `other` after the first 100 names" },
  status: { help: "how a run ended", values: ["finished", "failed", "cancelled", "continued"] },
  waits_for: { help: "what a parked run waits for", values: ["approval", "event", "timer"] },
  kind: { help: "what a node does", values: nodeKindSchema.options },
  state: { help: "how a node ended", values: ["finished", "failed", "skipped", "cancelled"] },
  outcome: {
    help: "how an attempt or a tool call ended; `lost`: with its process",
    values: ["finished", "failed", "cancelled", "lost"],
  },
  decision: { help: "what a person decided; `expired`: nobody did in time", values: ["granted", "denied", "expired"] },
  type: { help: "an event's type", values: eventTypes },
  route: { help: "the path as it is documented, `/v1/runs/:runId`; `unmatched` for any other" },
  method: { help: "the HTTP method; `OTHER` for an unknown one" },
  code: { help: "the HTTP status code" },
  error: {
    help: "an error's code",
    values: ["DB_BUSY", "DB_READ_ONLY", "DB_FULL", "DB_CORRUPT", "DB_NOT_A_DATABASE", "DB_UNAVAILABLE"],
  },
  phase: { help: "a part of a turn", values: ["render", "plan", "commit"] },
  tool: { help: "the tool's name; `other` after the first 100 names" },
  direction: { help: "what the tokens were", values: ["input", "output"] },
  mode: { help: "where the CPU time went", values: ["user", "system"] },
} as const satisfies Record<string, { help: string; values?: readonly string[] }>;

export type LabelName = keyof typeof labels;

const untilHours = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600, 86_400];
const untilMinutes = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800];
const untilDays = [1, 10, 60, 300, 1800, 3600, 21_600, 86_400, 259_200, 604_800];
const untilSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const untilOneSecond = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1];

/** Every metric: what is measured, documented, and drawn on the dashboard. */
export const catalogue = {
  smithers_runs_started_total: counter("Runs that were started.", "workflow"),
  smithers_runs_ended_total: counter("Runs that ended.", "workflow", "status"),
  smithers_run_duration_seconds: histogram(
    "From a run's start to its end, waits included.",
    untilHours,
    "workflow",
    "status",
  ),
  smithers_runs_active: gauge("Runs that this process executes."),
  smithers_runs_parked: gauge("Runs in the database that wait and hold no memory.", "waits_for"),
  smithers_runs_stale: gauge("Runs in the database that should be executed and whose owner gives no sign."),
  smithers_runs_taken_over_total: counter("Runs that this process continued after their owner was gone."),
  smithers_leases_lost_total: counter("Runs that another process took from this one."),
  smithers_heartbeat_failures_total: counter("Heartbeats that could not be written."),

  smithers_nodes_ended_total: counter("Nodes that ended.", "workflow", "kind", "state"),
  smithers_node_retries_total: counter("Failed attempts that are followed by another one.", "workflow", "kind"),
  smithers_attempts_started_total: counter("Attempts that began.", "workflow", "kind"),
  smithers_attempts_ended_total: counter("Attempts that ended.", "workflow", "kind", "outcome"),
  smithers_attempt_duration_seconds: histogram(
    "How long attempts took that were not lost.",
    untilMinutes,
    "workflow",
    "kind",
    "outcome",
  ),
  smithers_attempts_running: gauge("Attempts in flight in this process."),

  smithers_approvals_requested_total: counter("Decisions that were asked for.", "workflow"),
  smithers_approvals_decided_total: counter(
    "Decisions that were taken in, whichever process recorded them.",
    "decision",
  ),
  smithers_approval_decision_seconds: histogram(
    "From the request of a decision to the decision.",
    untilDays,
    "decision",
  ),
  smithers_approvals_pending: gauge("Decisions in the database that are awaited."),
  smithers_approval_oldest_pending_seconds: gauge("For how long the oldest of them has been awaited."),
  smithers_signals_received_total: counter("Signals that this process received."),
  smithers_signals_consumed_total: counter("Signals that a wait has taken."),
  smithers_timers_created_total: counter("Timers that were set."),
  smithers_timers_fired_total: counter("Timers that fired."),
  smithers_timers_cancelled_total: counter("Timers that were cancelled with their run or node."),
  smithers_timer_delay_seconds: histogram("How much later than due timers fired.", untilSeconds),

  smithers_tool_calls_total: counter("Tool calls that ended.", "tool", "outcome"),
  smithers_tool_call_duration_seconds: histogram("How long tool calls took.", untilMinutes, "tool"),
  smithers_tokens_total: counter("Tokens that agents reported.", "direction"),

  smithers_events_committed_total: counter("Events that this process committed.", "type"),
  smithers_frames_committed_total: counter("Render frames that this process committed."),
  smithers_event_streams_open: upDown("Event streams (SSE) that have a reader."),
  smithers_event_stream_events_total: counter("Events that were handed to the readers of event streams."),

  smithers_http_requests_total: counter("Requests that were answered.", "route", "method", "code"),
  smithers_http_request_duration_seconds: histogram(
    "From a request's headers to the answer's; an event stream goes on after that.",
    untilSeconds,
    "route",
    "method",
  ),

  smithers_turn_duration_seconds: histogram("How long the parts of a turn took.", untilOneSecond, "phase"),
  smithers_store_transaction_duration_seconds: histogram("How long write transactions took.", untilOneSecond),
  smithers_store_transaction_writes: histogram("Writes that shared a transaction.", [1, 2, 4, 8, 16, 32, 64, 128, 256]),
  smithers_store_busy_retries_total: counter("Transactions tried again because another process held the lock."),
  smithers_store_failures_total: counter("Writes that the database refused.", "error"),
  smithers_store_trouble: gauge("Databases that took no writes when last tried."),
  smithers_store_queue_depth: gauge("Writes that wait for their transaction."),
  smithers_store_size_bytes: gauge("Size of the databases, without their write-ahead logs."),
  smithers_mirror_runs_behind: gauge("Runs of workflows' own databases whose copy lacks something."),

  smithers_process_resident_memory_bytes: gauge("Memory that the process holds."),
  smithers_process_heap_used_bytes: gauge("Memory that its JavaScript objects take."),
  smithers_process_cpu_seconds_total: observableCounter("CPU time that the process took.", "mode"),
  smithers_process_start_time_seconds: gauge("When the process began, in seconds since the epoch."),
  smithers_event_loop_lag_seconds: histogram("How much later than due the event loop ran a timer.", untilOneSecond),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof catalogue;

function counter<L extends LabelName>(help: string, ...labels: L[]) {
  return { kind: "counter", help, labels } as const;
}

function upDown<L extends LabelName>(help: string, ...labels: L[]) {
  return { kind: "upDownCounter", help, labels } as const;
}

function gauge<L extends LabelName>(help: string, ...labels: L[]) {
  return { kind: "observableGauge", help, labels } as const;
}

function observableCounter<L extends LabelName>(help: string, ...labels: L[]) {
  return { kind: "observableCounter", help, labels } as const;
}

function histogram<L extends LabelName>(help: string, buckets: readonly number[], ...labels: L[]) {
  return { kind: "histogram", help, buckets, labels } as const;
}

/** The type that Prometheus knows a metric by. */
export function prometheusType(kind: InstrumentKind): "counter" | "gauge" | "histogram" {
  if (kind === "histogram") return kind;
  return kind === "counter" || kind === "observableCounter" ? "counter" : "gauge";
}

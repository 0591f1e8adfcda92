import { eventTypes, nodeKinds } from "../model/index.ts";

/** The kind of OpenTelemetry instrument; `observable` ones are read when the metrics are collected. */
export type InstrumentKind = "counter" | "upDownCounter" | "histogram" | "observableGauge" | "observableCounter";

export interface Metric {
  readonly kind: InstrumentKind;
  readonly help: string;
  readonly labels: readonly LabelName[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** The meaning of each label, and its values where they are known in advance. */
export const labels = {
  workflow: { help: "the workflow's name; `other` after the first 100 names" },
  status: { help: "how a run ended", values: ["finished", "failed", "cancelled", "continued"] },
  waits_for: { help: "what a parked run is waiting for", values: ["approval", "event", "timer", "quota"] },
  kind: { help: "the kind of node", values: nodeKinds },
  state: { help: "how a node ended", values: ["finished", "failed", "skipped", "cancelled"] },
  outcome: {
    help: "how an attempt or a tool call ended; `lost` means that its process died",
    values: ["finished", "failed", "cancelled", "lost"],
  },
  decision: {
    help: "the decision; `expired` means that none was made in time",
    values: ["granted", "denied", "expired"],
  },
  type: { help: "the event's type", values: eventTypes },
  route: { help: "the documented path, such as `/v1/runs/:runId`; `unmatched` for an unknown path" },
  method: { help: "the HTTP method; `OTHER` for an unknown one" },
  code: { help: "the HTTP status code" },
  error: {
    help: "the error's code",
    values: ["DB_BUSY", "DB_READ_ONLY", "DB_FULL", "DB_CORRUPT", "DB_NOT_A_DATABASE", "DB_UNAVAILABLE"],
  },
  phase: { help: "the phase of a turn", values: ["render", "plan", "commit"] },
  tool: { help: "the tool's name; `other` after the first 100 names" },
  direction: { help: "whether the tokens were read or written by the model", values: ["input", "output"] },
  reason: {
    help: "why a worker ended: it had no work (`idle`), answered nothing for too long (`blocked`), had too much memory (`memory`), had a built-in of JavaScript changed so that it no longer worked (`broken`), ended by itself or was killed by others (`lost`), or the server was closed (`closed`)",
    values: ["idle", "blocked", "memory", "broken", "lost", "closed"],
  },
  model: { help: "the language model; `unknown` when its agent does not tell, `other` after the first 100 models" },
  mode: { help: "whether the CPU time was spent in user or kernel mode", values: ["user", "system"] },
} as const satisfies Record<string, { help: string; values?: readonly string[] }>;

export type LabelName = keyof typeof labels;

const untilHours = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600, 86_400];
const untilMinutes = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800];
const untilDays = [1, 10, 60, 300, 1800, 3600, 21_600, 86_400, 259_200, 604_800];
const untilSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const untilOneSecond = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1];

/** All metrics: the table behind the instruments, the docs and the dashboard. */
export const catalogue = {
  smithers_runs_started_total: counter("Runs started.", "workflow"),
  smithers_runs_ended_total: counter("Runs ended.", "workflow", "status"),
  smithers_run_duration_seconds: histogram(
    "Time from a run's start to its end, including waits.",
    untilHours,
    "workflow",
    "status",
  ),
  smithers_runs_active: gauge("Runs that this process is executing."),
  smithers_runs_parked: gauge("Waiting runs in the database; they use no memory.", "waits_for"),
  smithers_runs_stale: gauge("Running runs in the database whose owner has stopped sending heartbeats."),
  smithers_runs_queued: gauge("Runs in the database with tasks that wait for a place on a server."),
  smithers_runs_stuck: gauge(
    "Runs in the database that should continue and cannot, for example because their file does not load.",
  ),
  smithers_runs_taken_over_total: counter("Runs that this process took over after their owner died."),
  smithers_leases_lost_total: counter("Leases of this process that another process took over."),
  smithers_heartbeat_failures_total: counter("Heartbeats that could not be written."),

  smithers_nodes_ended_total: counter("Nodes ended.", "workflow", "kind", "state"),
  smithers_node_retries_total: counter("Failed attempts that are followed by a retry.", "workflow", "kind"),
  smithers_attempts_started_total: counter("Attempts started.", "workflow", "kind"),
  smithers_attempts_ended_total: counter("Attempts ended.", "workflow", "kind", "outcome"),
  smithers_attempt_duration_seconds: histogram(
    "Duration of attempts, without lost ones.",
    untilMinutes,
    "workflow",
    "kind",
    "outcome",
  ),
  smithers_attempts_running: gauge("Attempts running in this process."),
  smithers_attempts_queued: gauge("Attempts waiting for a place in this process, by `maxConcurrency`."),

  smithers_approvals_requested_total: counter("Approvals requested.", "workflow"),
  smithers_approvals_decided_total: counter(
    "Approvals decided and processed here, whichever process recorded the decision.",
    "decision",
  ),
  smithers_approval_decision_seconds: histogram(
    "Time from an approval's request to its decision.",
    untilDays,
    "decision",
  ),
  smithers_approvals_pending: gauge("Pending approvals in the database."),
  smithers_approval_oldest_pending_seconds: gauge("Age of the oldest pending approval."),
  smithers_signals_received_total: counter("Signals received by this process."),
  smithers_signals_consumed_total: counter("Signals consumed by a wait."),
  smithers_timers_created_total: counter("Timers created."),
  smithers_timers_fired_total: counter("Timers fired."),
  smithers_timers_cancelled_total: counter("Timers cancelled with their run or node."),
  smithers_timer_delay_seconds: histogram("Time from when a timer was due to when it fired.", untilSeconds),

  smithers_tool_calls_total: counter("Tool calls ended.", "tool", "outcome"),
  smithers_tool_call_duration_seconds: histogram("Duration of tool calls.", untilMinutes, "tool"),
  smithers_tokens_total: counter("Tokens reported by agents.", "direction", "model"),

  smithers_events_committed_total: counter("Events committed by this process.", "type"),
  smithers_frames_committed_total: counter("Render frames committed by this process."),
  smithers_event_streams_open: upDown("Open event streams (SSE)."),
  smithers_event_stream_events_total: counter("Events sent to readers of event streams."),

  smithers_http_requests_total: counter("HTTP requests answered.", "route", "method", "code"),
  smithers_http_request_duration_seconds: histogram(
    "Time from a request's headers to the response's headers; an event stream continues after that.",
    untilSeconds,
    "route",
    "method",
  ),

  smithers_turn_duration_seconds: histogram("Duration of a turn's phases.", untilOneSecond, "phase"),
  smithers_store_transaction_duration_seconds: histogram("Duration of write transactions.", untilOneSecond),
  smithers_store_transaction_writes: histogram("Writes per transaction.", [1, 2, 4, 8, 16, 32, 64, 128, 256]),
  smithers_store_busy_retries_total: counter("Transactions retried because another process held the lock."),
  smithers_store_failures_total: counter("Writes refused by the database.", "error"),
  smithers_store_trouble: gauge("Databases that refused the last write."),
  smithers_store_queue_depth: gauge("Writes waiting for their transaction."),
  smithers_store_size_bytes: gauge("Size of the databases, without their write-ahead logs."),
  smithers_store_log_bytes: gauge("Size of the databases' write-ahead logs; they grow while a reader holds them open."),
  smithers_mirror_runs_behind: gauge("Runs in workflows' own databases whose mirrored copy is behind."),

  smithers_workers: upDown("Worker processes, which execute the code of workflow files."),
  smithers_workers_started_total: counter("Worker processes started."),
  smithers_workers_ended_total: counter("Worker processes ended.", "reason"),

  smithers_process_resident_memory_bytes: gauge("Resident memory of the process."),
  smithers_process_heap_used_bytes: gauge("Memory used by JavaScript objects."),
  smithers_process_cpu_seconds_total: observableCounter("CPU time used by the process.", "mode"),
  smithers_process_start_time_seconds: gauge("Start time of the process, in seconds since the epoch."),
  smithers_event_loop_lag_seconds: histogram("Delay of timers caused by a busy event loop.", untilOneSecond),
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

/** The metric's type in Prometheus. */
export function prometheusType(kind: InstrumentKind): "counter" | "gauge" | "histogram" {
  if (kind === "histogram") return kind;
  return kind === "counter" || kind === "observableCounter" ? "counter" : "gauge";
}

import type { Engine, EngineObserver, Logger } from "../engine/index.ts";
import type { LocalStore } from "../store/index.ts";
import { waitAtMost } from "../timing/index.ts";
import type { labels } from "./catalogue.ts";
import { sdk } from "./lazy.ts";
import { LazyMeters, type Recorders } from "./lazy-meters.ts";
import { measureLag, observeProcess } from "./process-metrics.ts";
import { logErrors, logEvents } from "./run-log.ts";
import { RunMetrics } from "./run-metrics.ts";
import { type Observed, observeEngines, storeObserver } from "./store-metrics.ts";
import type { Tracing } from "./tracing.ts";

/** Content type of {@link Telemetry.metricsText}. */
export const prometheusContentType = "text/plain; version=0.0.4";

/** An answered HTTP request. */
export interface AnsweredRequest {
  readonly requestId: string;
  /** The path template of the route; undefined for an unknown path. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * The metrics, traces and log lines of one server. Metrics can always be read; the environment decides whether metrics
 * and traces are exported too, see docs/observability.md.
 */
export class Telemetry {
  /** Pass this to the engines; then call {@link watch} for each of them, and {@link watchStore} for their stores. */
  readonly observer: EngineObserver;
  readonly #log: Logger;
  readonly #meters: LazyMeters;
  readonly #m: Recorders;
  readonly #runs: RunMetrics;
  readonly #tracing: Tracing | undefined;
  readonly #stopLag: () => void;
  readonly #stopDiagnostics: () => void;

  /** @param graceMs time limit of the last push when the server closes */
  constructor(log: Logger, graceMs: number) {
    this.#log = log;
    const otlp = process.env.SMITHERS_OTEL_ENABLED ? sdk().otlpFromEnv(log, graceMs) : undefined;
    this.#stopDiagnostics = otlp ? logDiagnostics(log) : () => {};
    this.#meters = new LazyMeters(() => new (sdk().Meters)(otlp?.metricReader), otlp?.metricReader !== undefined);
    this.#m = this.#meters.recorders;
    this.#runs = new RunMetrics(this.#m);
    this.#tracing = otlp?.spanProcessor && new (sdk().Tracing)(otlp.spanProcessor);
    this.#meters.observe(observeProcess);
    this.#stopLag = measureLag(this.#m);
    this.observer = this.#engineObserver();
    // What is pushed is pushed from the start.
    if (otlp?.metricReader) this.#meters.get();
  }

  /** Counts, traces and logs what an engine does. */
  watch({ feed }: Engine): void {
    feed.subscribe((events) => {
      this.#runs.eventsCommitted(events);
      this.#tracing?.eventsCommitted(events);
      logEvents(this.#log, events);
    });
  }

  /** A worker process was started. */
  workerStarted(): void {
    this.#m.smithers_workers.add(1);
    this.#m.smithers_workers_started_total.add(1);
  }

  workerEnded(reason: (typeof labels.reason.values)[number]): void {
    this.#m.smithers_workers.add(-1);
    this.#m.smithers_workers_ended_total.add(1, { reason });
  }

  /** Counts and logs what a store does. */
  watchStore(store: LocalStore): void {
    const counting = storeObserver(this.#m);
    store.observe({
      ...counting,
      failed: (error) => {
        counting.failed(error);
        if (!store.trouble) this.#log.error({ db: store.id, err: error }, "database refuses writes");
      },
      logHeld: (waitingBytes) =>
        this.#log.warn(
          { db: store.id, waitingBytes },
          "a reader of the database holds its write-ahead log open, which grows; end the program that reads",
        ),
      recovered: () => this.#log.info({ db: store.id }, "database accepts writes again"),
    });
  }

  /** Sets the sources of the gauges. */
  observe(observed: () => Observed): void {
    this.#meters.observe((meters) => observeEngines(meters, observed));
  }

  /** All metrics in the Prometheus text format. */
  metricsText(): Promise<string> {
    return this.#meters.get().text();
  }

  /** @param refusal facts to log if the request was refused */
  requestAnswered(
    { requestId, route = "unmatched", method, status, durationMs }: AnsweredRequest,
    refusal: { path: string; code: string | undefined },
  ): void {
    const known = methods.has(method) ? method : "OTHER";
    this.#m.smithers_http_requests_total.add(1, { route, method: known, code: String(status) });
    this.#m.smithers_http_request_duration_seconds.record(durationMs / 1000, { route, method: known });
    if (status >= 400) this.#log.debug({ requestId, method, ...refusal, status }, "request refused");
  }

  eventStreamOpened(): void {
    this.#m.smithers_event_streams_open.add(1);
  }

  eventStreamClosed(): void {
    this.#m.smithers_event_streams_open.add(-1);
  }

  eventsSent(count: number): void {
    this.#m.smithers_event_stream_events_total.add(count);
  }

  /** Sends the remaining telemetry, within `graceMs`. Never rejects. */
  async close(graceMs: number): Promise<void> {
    this.#stopLag();
    const sent = Promise.allSettled([this.#tracing?.close(), this.#meters.made?.shutdown()]).then((results) => {
      for (const result of results) {
        if (result.status === "rejected")
          this.#log.warn({ err: result.reason }, "remaining telemetry could not be sent");
      }
    });
    await waitAtMost(graceMs, sent);
    this.#stopDiagnostics();
  }

  #engineObserver(): EngineObserver {
    return {
      turnCommitted: (turn) => {
        this.#runs.turnCommitted(turn);
        this.#tracing?.turnCommitted(turn);
        logErrors(this.#log, turn);
      },
      aroundAttempt: (attempt, code) => (this.#tracing ? this.#tracing.aroundAttempt(attempt, code) : code()),
      leaseLost: (runId) => {
        this.#runs.leaseLost(runId);
        this.#tracing?.leaseLost(runId);
        this.#log.warn({ runId }, "run was taken over by another process");
      },
      heartbeatFailed: () => this.#runs.heartbeatFailed(),
    };
  }
}

/** Logs OpenTelemetry's own messages, such as an unreachable collector. Returns a function that stops. */
function logDiagnostics(log: Logger): () => void {
  const { DiagLogLevel, diag } = sdk();
  diag.setLogger(diagLogger(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return () => diag.disable();
}

function diagLogger(log: Logger) {
  const logAt =
    (level: keyof Logger) =>
    (text: string, ...more: unknown[]) => {
      const { message, stack } = parsed(text);
      log[level](
        { component: "opentelemetry", ...(more.length > 0 ? { details: more.map(String) } : {}), stack },
        message,
      );
    };
  return {
    error: logAt("warn"),
    warn: logAt("warn"),
    info: logAt("info"),
    debug: logAt("debug"),
    verbose: logAt("debug"),
  };
}

/** OpenTelemetry reports an error as JSON of its fields. */
function parsed(text: string): { message: string; stack?: string } {
  try {
    const { message = text, stack } = JSON.parse(text);
    return { message, stack };
  } catch {
    return { message: text };
  }
}

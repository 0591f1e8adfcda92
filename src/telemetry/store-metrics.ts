import type { ObservableGauge } from "@opentelemetry/api";
import type { Engine } from "../engine/index.ts";
import type { Backlog, StoreObserver } from "../store/index.ts";
import type { Recorders } from "./lazy-meters.ts";
import type { Meters } from "./meters.ts";

/** Counts what a store's writer does. */
export function storeObserver(m: Recorders): Pick<StoreObserver, "committed" | "busy" | "failed"> {
  return {
    committed(writes, durationMs) {
      m.smithers_store_transaction_duration_seconds.record(durationMs / 1000);
      m.smithers_store_transaction_writes.record(writes);
    },
    busy: () => m.smithers_store_busy_retries_total.add(1),
    failed: ({ code }) => m.smithers_store_failures_total.add(1, { error: code }),
  };
}

/** The sources of the gauges, read when the metrics are collected. */
export interface Observed {
  readonly engines: readonly Engine[];
  /** What executes the runs of `engines`. Default: `engines`. */
  readonly executing?: readonly Pick<Engine, "activeRuns" | "runningAttempts">[];
  /** Number of attempts that wait for a place among those of the process. Default: 0. */
  readonly queuedAttempts?: number;
  /** Number of runs in workflows' own databases whose mirrored copy is behind. */
  readonly runsBehind: number;
  readonly staleMs: number;
}

/** Reads the gauges from the engines and their databases, so that they are correct after a restart too. */
export function observeEngines({ meter, instruments: m }: Meters, observed: () => Observed): void {
  const inMemory: [ObservableGauge, (now: Observed) => number][] = [
    [m.smithers_runs_active, ({ engines, executing = engines }) => sum(executing, ({ activeRuns }) => activeRuns)],
    [
      m.smithers_attempts_running,
      ({ engines, executing = engines }) => sum(executing, ({ runningAttempts }) => runningAttempts),
    ],
    [m.smithers_attempts_queued, ({ queuedAttempts = 0 }) => queuedAttempts],
    [m.smithers_store_queue_depth, ({ engines }) => sum(engines, ({ store }) => store.queueDepth)],
    [m.smithers_store_trouble, ({ engines }) => sum(engines, ({ store }) => (store.trouble ? 1 : 0))],
    [m.smithers_mirror_runs_behind, ({ runsBehind }) => runsBehind],
  ];
  meter.addBatchObservableCallback(
    (result) => {
      const now = observed();
      for (const [gauge, value] of inMemory) result.observe(gauge, value(now));
    },
    inMemory.map(([gauge]) => gauge),
  );

  const stored: [ObservableGauge, (backlog: Backlog) => number][] = [
    [m.smithers_runs_stale, ({ staleRuns }) => staleRuns],
    [m.smithers_runs_stuck, ({ stuckRuns }) => stuckRuns],
    [m.smithers_runs_queued, ({ queuedRuns }) => queuedRuns],
    [m.smithers_approvals_pending, ({ pendingApprovals }) => pendingApprovals],
    [m.smithers_store_size_bytes, ({ sizeBytes }) => sizeBytes],
    [m.smithers_store_log_bytes, ({ logBytes }) => logBytes],
  ];
  const parked = m.smithers_runs_parked;
  const oldest = m.smithers_approval_oldest_pending_seconds;
  meter.addBatchObservableCallback(
    async (result) => {
      const { engines, staleMs } = observed();
      const nowMs = Date.now();
      const backlogs: Backlog[] = [];
      for (const { store } of engines) backlogs.push(await store.readBacklog(nowMs - staleMs));
      for (const [gauge, value] of stored) result.observe(gauge, sum(backlogs, value));
      for (const kind of ["approval", "event", "timer", "quota"] as const) {
        const runs = sum(backlogs, (backlog) => backlog.runs[`waiting-${kind}`] ?? 0);
        result.observe(parked, runs, { waits_for: kind });
      }
      const sinceMs = backlogs.map(({ oldestApprovalAtMs }) => nowMs - (oldestApprovalAtMs ?? nowMs));
      result.observe(oldest, Math.max(0, ...sinceMs) / 1000);
    },
    [parked, oldest, ...stored.map(([gauge]) => gauge)],
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

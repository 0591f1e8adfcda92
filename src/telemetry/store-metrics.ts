import type { Meter } from "@opentelemetry/api";
import type { Engine } from "../engine/index.ts";
import type { Backlog, StoreObserver } from "../store/index.ts";
import type { Instruments } from "./instruments.ts";

/** Counts what a store's writer does. */
export function storeObserver(m: Instruments): Pick<StoreObserver, "committed" | "busy" | "failed"> {
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
export function observeEngines(meter: Meter, m: Instruments, observed: () => Observed): void {
  meter.addBatchObservableCallback(
    (result) => {
      const { engines, executing = engines, runsBehind, queuedAttempts = 0 } = observed();
      result.observe(m.smithers_attempts_queued, queuedAttempts);
      result.observe(
        m.smithers_runs_active,
        sum(executing, ({ activeRuns }) => activeRuns),
      );
      result.observe(
        m.smithers_attempts_running,
        sum(executing, ({ runningAttempts }) => runningAttempts),
      );
      result.observe(
        m.smithers_store_queue_depth,
        sum(engines, ({ store }) => store.queueDepth),
      );
      result.observe(
        m.smithers_store_trouble,
        sum(engines, ({ store }) => (store.trouble ? 1 : 0)),
      );
      result.observe(m.smithers_mirror_runs_behind, runsBehind);
    },
    [
      m.smithers_runs_active,
      m.smithers_attempts_running,
      m.smithers_attempts_queued,
      m.smithers_store_queue_depth,
      m.smithers_store_trouble,
      m.smithers_mirror_runs_behind,
    ],
  );

  const parked = m.smithers_runs_parked;
  const stale = m.smithers_runs_stale;
  const stuck = m.smithers_runs_stuck;
  const queued = m.smithers_runs_queued;
  const pending = m.smithers_approvals_pending;
  const oldest = m.smithers_approval_oldest_pending_seconds;
  const size = m.smithers_store_size_bytes;
  const log = m.smithers_store_log_bytes;
  meter.addBatchObservableCallback(
    async (result) => {
      const { engines, staleMs } = observed();
      const nowMs = Date.now();
      const backlogs: Backlog[] = [];
      for (const { store } of engines) backlogs.push(await store.readBacklog(nowMs - staleMs));
      for (const kind of ["approval", "event", "timer", "quota"] as const) {
        result.observe(
          parked,
          sum(backlogs, ({ runs }) => runs[`waiting-${kind}`] ?? 0),
          { waits_for: kind },
        );
      }
      result.observe(
        stale,
        sum(backlogs, ({ staleRuns }) => staleRuns),
      );
      result.observe(
        stuck,
        sum(backlogs, ({ stuckRuns }) => stuckRuns),
      );
      result.observe(
        queued,
        sum(backlogs, ({ queuedRuns }) => queuedRuns),
      );
      result.observe(
        pending,
        sum(backlogs, ({ pendingApprovals }) => pendingApprovals),
      );
      const sinceMs = backlogs.map(({ oldestApprovalAtMs }) => nowMs - (oldestApprovalAtMs ?? nowMs));
      result.observe(oldest, Math.max(0, ...sinceMs) / 1000);
      result.observe(
        size,
        sum(backlogs, ({ sizeBytes }) => sizeBytes),
      );
      result.observe(
        log,
        sum(backlogs, ({ logBytes }) => logBytes),
      );
    },
    [parked, stale, stuck, queued, pending, oldest, size, log],
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

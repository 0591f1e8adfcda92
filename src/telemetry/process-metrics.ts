import type { Recorders } from "./lazy-meters.ts";
import type { Meters } from "./meters.ts";

const lagEveryMs = 500;

/** Reads what the process uses when the metrics are collected. */
export function observeProcess({ meter, instruments: m }: Meters): void {
  const startSeconds = (Date.now() - performance.now()) / 1000;
  const resident = m.smithers_process_resident_memory_bytes;
  const heap = m.smithers_process_heap_used_bytes;
  const cpu = m.smithers_process_cpu_seconds_total;
  const start = m.smithers_process_start_time_seconds;
  meter.addBatchObservableCallback(
    (result) => {
      const memory = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      result.observe(resident, memory.rss);
      result.observe(heap, memory.heapUsed);
      result.observe(cpu, user / 1e6, { mode: "user" });
      result.observe(cpu, system / 1e6, { mode: "system" });
      result.observe(start, startSeconds);
    },
    [resident, heap, cpu, start],
  );
}

/** Measures how late timers are, without keeping the process alive. Returns a function that stops. */
export function measureLag(m: Recorders): () => void {
  let dueMs = performance.now() + lagEveryMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    m.smithers_event_loop_lag_seconds.record(Math.max(nowMs - dueMs, 0) / 1000);
    dueMs = nowMs + lagEveryMs;
  }, lagEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

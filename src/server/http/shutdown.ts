const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `close` when the process is asked to end, then lets it end as it would have. A second signal ends
 * it at once. Returns how to stop listening.
 */
export function onShutdownSignal(close: () => Promise<void>): () => void {
  const stop = () => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = async (signal: NodeJS.Signals) => {
    stop();
    await close();
    // Whoever else listens decides for himself when the process ends.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  return stop;
}

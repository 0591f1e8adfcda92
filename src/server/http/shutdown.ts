const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `close` on the first shutdown signal, then lets the signal end the process. A second signal ends it at once.
 * Returns a function that stops listening.
 */
export function onShutdownSignal(close: () => Promise<void>): () => void {
  const stop = () => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = async (signal: NodeJS.Signals) => {
    stop();
    await close();
    // Other listeners of the signal decide themselves when the process ends.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  return stop;
}

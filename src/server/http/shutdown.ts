import { constants } from "node:os";

const signals = ["SIGTERM", "SIGINT"] as const;
type EndingSignal = (typeof signals)[number];

/**
 * Calls `close` on the first shutdown signal, then lets the signal end the process. A second signal ends it at once.
 * Returns a function that stops listening.
 */
export function onShutdownSignal(close: () => Promise<void>): () => void {
  const stop = () => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = async (signal: EndingSignal) => {
    stop();
    // Other listeners of the signal decide themselves when the process ends.
    const isOurs = () => process.listenerCount(signal) === 0;
    const endsAtOnce = isOurs() ? endFirstProcessOn() : undefined;
    await close();
    endsAtOnce?.();
    if (isOurs()) endBy(signal);
  };
  for (const signal of signals) process.on(signal, end);
  return stop;
}

/** Ends the process as the signal would. */
function endBy(signal: EndingSignal): void {
  if (isFirstProcess()) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}

/** Lets the signals end the first process of a container too. Returns a function that stops it. */
function endFirstProcessOn(): (() => void) | undefined {
  if (!isFirstProcess()) return undefined;
  for (const signal of signals) process.on(signal, endBy);
  return () => {
    for (const signal of signals) process.off(signal, endBy);
  };
}

/** The first process of a container has process id 1, which the kernel spares the default action of a signal. */
const isFirstProcess = () => process.pid === 1;

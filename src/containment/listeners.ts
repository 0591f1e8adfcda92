import { currentOrigin } from "./origin.ts";

/** The channel between a process and the one that started it, as between a server and its workers. */
const ofChannel = ["message", "disconnect"];
const events = ["uncaughtException", "unhandledRejection", ...ofChannel] as "exit"[];

/**
 * Keeps listeners of the process when an author's code removes all, as some libraries do when they begin: those given, and
 * those of its channel. Other code of the process is not affected.
 * @returns a function that undoes this
 */
export function keepListeners(given: readonly unknown[]): () => void {
  const original = process.removeAllListeners;
  const guarded = (...names: [event?: string | symbol]): NodeJS.Process => {
    const kept = currentOrigin() === undefined ? [] : listenersToKeep(given);
    original.apply(process, names);
    for (const [event, listener] of kept) {
      if (!process.listeners(event).includes(listener)) process.on(event, listener);
    }
    return process;
  };
  process.removeAllListeners = guarded;
  return () => {
    if (process.removeAllListeners === guarded) process.removeAllListeners = original;
  };
}

function listenersToKeep(given: readonly unknown[]) {
  return events.flatMap((event) =>
    process
      .listeners(event)
      .filter((listener) => given.includes(listener) || ofChannel.includes(event))
      .map((listener) => [event, listener] as const),
  );
}

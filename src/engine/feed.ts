import type { CommittedEvent } from "../model/index.ts";

export type FeedListener = (events: readonly CommittedEvent[]) => void;

/** Hands on events once they are committed: of one run, or of all. Within a run they come in order. */
export class Feed {
  readonly #all = new Set<FeedListener>();
  readonly #byRun = new Map<string, Set<FeedListener>>();

  /** `events` must be of one run. */
  publish(events: readonly CommittedEvent[]): void {
    const runId = events[0]?.runId;
    if (runId === undefined) return;
    for (const listener of this.#all) listener(events);
    for (const listener of this.#byRun.get(runId) ?? []) listener(events);
  }

  /** Tells the followers of these runs that another process may have committed something. */
  poke(which: (runId: string) => boolean): void {
    for (const [runId, listeners] of this.#byRun) {
      if (which(runId)) for (const listener of listeners) listener([]);
    }
  }

  /** Calls `listener` for each commit of any run; returns how to stop that. */
  subscribe(listener: FeedListener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Calls `listener` for each commit of one run, also, without the events, for other processes'; returns how to stop that. */
  follow(runId: string, listener: FeedListener): () => void {
    const listeners = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byRun.get(runId) === listeners) this.#byRun.delete(runId);
    };
  }
}

import type { CommittedEvent } from "../model/index.ts";

export type FeedListener = (events: readonly CommittedEvent[]) => void;

/** Hands on events once they are committed: of one run, or of all. Within a run they come in order. */
export class Feed {
  readonly #all = new Set<FeedListener>();
  readonly #byRun = new Map<string, Set<FeedListener>>();
  readonly #passOn: FeedListener;

  /** @param passOn told of everything that is published here, and of nothing that is relayed */
  constructor(passOn: FeedListener = () => {}) {
    this.#passOn = passOn;
  }

  /** `events` must be of one run. */
  publish(events: readonly CommittedEvent[]): void {
    const runId = events[0]?.runId;
    if (runId === undefined) return;
    for (const listener of this.#all) listener(events);
    for (const listener of this.#byRun.get(runId) ?? []) listener(events);
    this.#passOn(events);
  }

  /**
   * What another engine of this process has published: the run's followers learn that there is something, and, if
   * asked, those who follow all runs learn what.
   */
  relay(events: readonly CommittedEvent[], toAll: boolean): void {
    if (toAll) for (const listener of this.#all) listener(events);
    for (const listener of this.#byRun.get(events[0]!.runId) ?? []) listener([]);
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

  /** Calls `listener` for each commit of one run, also, without the events, for those of others; returns how to stop that. */
  follow(runId: string, listener: FeedListener): () => void {
    const listeners = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byRun.get(runId) === listeners) this.#byRun.delete(runId);
    };
  }
}

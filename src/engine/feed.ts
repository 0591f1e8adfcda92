import type { CommittedEvent } from "../model/index.ts";
import { RecentEvents } from "./recent-events.ts";

/** Called with the events of each commit: all of one run, in order. */
export type CommitListener = (events: readonly CommittedEvent[]) => void;

/** Follows one run. */
export interface RunListener {
  /** The engine of this feed has committed `events`. */
  readonly committed?: CommitListener;
  /** Another engine or process has, or may have, committed something. */
  changedElsewhere?(): void;
}

/** What is told what an engine commits. */
export type CommitFeed = Pick<Feed, "note" | "publish" | "runLost">;

/** Publishes events once they are committed, of one run or of all. The events of a run come in order. */
export class Feed {
  /** What was committed a moment ago, unless another process may have committed more. */
  readonly recent: Pick<RecentEvents, "after" | "lastSeq">;
  readonly #recent = new RecentEvents();
  readonly #all = new Set<CommitListener>();
  readonly #everywhere = new Set<CommitListener>();
  readonly #byRun = new Map<string, Set<RunListener>>();
  readonly #onPublish: CommitListener;

  /** @param onPublish called with everything that is published here, but not with what is forwarded from elsewhere */
  constructor(onPublish: CommitListener = () => {}) {
    this.#onPublish = onPublish;
    this.recent = this.#recent;
  }

  /** Notes what was committed, when it is published only later: a reader that begins meanwhile gets it. */
  note(events: readonly CommittedEvent[]): void {
    if (events.length > 0) this.#recent.add(events);
  }

  /** Tells every subscriber, and every follower of the run, what was committed. `events` must be of one run. */
  publish(events: readonly CommittedEvent[]): void {
    const runId = events[0]?.runId;
    if (runId === undefined) return;
    this.#recent.add(events);
    for (const listener of this.#all) listener(events);
    for (const listener of this.#everywhere) listener(events);
    for (const listener of this.#byRun.get(runId) ?? []) listener.committed?.(events);
    this.#onPublish(events);
  }

  /**
   * Forwards what another engine of this process has published: followers of the run learn that it has changed;
   * with `toAll`, subscribers get the events.
   */
  forward(events: readonly CommittedEvent[], toAll: boolean): void {
    this.#recent.forget(events[0]!.runId);
    if (toAll) for (const listener of this.#all) listener(events);
    for (const listener of this.#everywhere) listener(events);
    for (const listener of this.#byRun.get(events[0]!.runId) ?? []) listener.changedElsewhere?.();
  }

  /** Tells the followers of the runs that `isMeant` that another process may have committed something. */
  notifyRemote(isMeant: (runId: string) => boolean): void {
    this.#recent.forgetThose(isMeant);
    for (const [runId, listeners] of this.#byRun) {
      if (isMeant(runId)) for (const listener of listeners) listener.changedElsewhere?.();
    }
  }

  /**
   * Tells the followers of a run that another process has taken it. They have not been told what that process has
   * committed, for the run still counted as this process's own.
   */
  runLost(runId: string): void {
    this.notifyRemote((id) => id === runId);
  }

  /** Subscribes to the commits of all runs; returns how to unsubscribe. */
  subscribe(listener: CommitListener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Follows all runs, whichever engine of this process commits to them; returns how to stop. */
  followAll(listener: CommitListener): () => void {
    this.#everywhere.add(listener);
    return () => void this.#everywhere.delete(listener);
  }

  /** Follows one run; returns how to stop. */
  follow(runId: string, listener: RunListener): () => void {
    const listeners = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byRun.get(runId) === listeners) this.#byRun.delete(runId);
    };
  }
}

import type { CommittedEvent } from "../../model/index.ts";
import { allOf, type EngineObserver } from "../observer.ts";
import type { TurnSink } from "../turn/commit.ts";

/** An engine as the other engines of its process on the same database see it. */
export interface LocalEngine {
  /** Observes what the other engines do, as it observes its own engine. */
  readonly observer: EngineObserver | undefined;
  readonly activeRuns: number;
  readonly runningAttempts: number;
  /** Called when another engine has committed `events`, all of one run. */
  committed(events: readonly CommittedEvent[]): void;
  /** Called when the run has news; resolves once it is clear whether this engine continues it. */
  arrived(runId: string): Promise<void>;
}

const byDatabase = new Map<string, Set<LocalEngine>>();

/**
 * The other engines of this process on the same database. Without them, an engine would notice a decision only at its
 * next look at the database, and never over a shared connection, whose own writes SQLite does not report as changes.
 */
export class LocalEngines {
  readonly #database: string;
  readonly #self: LocalEngine;

  constructor(database: string, self: LocalEngine) {
    this.#database = database;
    this.#self = self;
    byDatabase.set(database, (byDatabase.get(database) ?? new Set()).add(self));
  }

  /** Removes this engine from the list. */
  leave(): void {
    const all = byDatabase.get(this.#database);
    all?.delete(this.#self);
    if (all?.size === 0) byDatabase.delete(this.#database);
  }

  get others(): LocalEngine[] {
    const all = byDatabase.get(this.#database);
    // Called at every commit; usually the engine is the only one.
    if (!all || all.size <= 1) return [];
    return [...all].filter((one) => one !== this.#self);
  }
}

/** The sink of an engine's turns: its own observer and those of its local engines observe them. */
export function localSink(localEngines: LocalEngines, { store, feed, observer, related }: TurnSink): TurnSink {
  return {
    store,
    feed,
    related,
    get observer() {
      const { others } = localEngines;
      return others.length === 0 ? observer : allOf([observer, ...others.map((other) => other.observer)]);
    },
  };
}

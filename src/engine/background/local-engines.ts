import type { CommittedEvent } from "../../model/index.ts";
import { allOf, type EngineObserver } from "../observer.ts";
import type { TurnSink } from "../turn/commit.ts";

/** What engines of one process on one database tell each other. */
export interface LocalEngine {
  /** Told of what the others do as of what its own engine does. */
  readonly observer: EngineObserver | undefined;
  readonly activeRuns: number;
  readonly runningAttempts: number;
  /** `events`, all of one run, were committed. */
  committed(events: readonly CommittedEvent[]): void;
  /** Something has come for the run: resolves once it is clear whether this engine continues it. */
  arrived(runId: string): Promise<void>;
}

const byDatabase = new Map<unknown, Set<LocalEngine>>();

/**
 * The other engines of this process on the same database. Without them a decision would be noticed only at the next
 * look into the file, and over a shared connection, whose own writes SQLite does not count as news, never.
 */
export class LocalEngines {
  readonly #database: unknown;
  readonly #self: LocalEngine;

  constructor(database: unknown, self: LocalEngine) {
    this.#database = database;
    this.#self = self;
    byDatabase.set(database, (byDatabase.get(database) ?? new Set()).add(self));
  }

  leave(): void {
    const all = byDatabase.get(this.#database);
    all?.delete(this.#self);
    if (all?.size === 0) byDatabase.delete(this.#database);
  }

  get others(): LocalEngine[] {
    const all = byDatabase.get(this.#database);
    // Asked at every commit, and mostly alone.
    if (!all || all.size <= 1) return [];
    return [...all].filter((one) => one !== this.#self);
  }
}

/** Where an engine's turns are written: of them its own observer hears, and those of its local engines. */
export function localSink(localEngines: LocalEngines, { store, feed, observer }: TurnSink): TurnSink {
  return {
    store,
    feed,
    get observer() {
      return allOf([observer, ...localEngines.others.map((other) => other.observer)]);
    },
  };
}

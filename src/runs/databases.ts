import { noSuchRun } from "../errors/index.ts";
import type { Run } from "../model/index.ts";
import type { RunSnapshot, Store } from "../store/index.ts";

/** A database in which runs live, as its host holds it. */
export interface RunDatabase {
  readonly store: Store;
}

/** What is read of a run: at least its row. */
export interface ReadRun {
  readonly run: Run;
}

/** Reads a run, and what belongs to it, from one store; undefined when the run is not there. */
export type ReadFrom<T extends ReadRun> = (store: Store) => Promise<T | undefined>;

export interface OtherDatabases<D extends RunDatabase> {
  /** Opens the database that a workflow has named for its runs, once; undefined when it cannot be opened now. */
  open(file: string): Promise<D | undefined>;
  /** Called before a copy of a run is used because the run is not found where it lives. Throws to refuse that. */
  refuseCopy?(copy: Run): void;
}

/**
 * The databases in which runs live: the main one, and those that workflows have named for themselves. The main one has
 * copies of the runs that live in the others.
 */
export class RunDatabases<D extends RunDatabase> {
  readonly main: D;
  readonly #others: OtherDatabases<D>;

  constructor(main: D, others: OtherDatabases<D>) {
    this.main = main;
    this.#others = others;
  }

  /**
   * Reads a run from the database that it lives in.
   * @returns what was read, and that database
   * @throws RUN_NOT_FOUND, and what `refuseCopy` throws
   */
  async find<T extends ReadRun>(runId: string, read: ReadFrom<T>): Promise<T & { readonly database: D }> {
    const here = await read(this.main.store);
    const home = here?.run.home;
    if (here && home === null) return { ...here, database: this.main };
    for (const file of home ? [home] : await this.#knownFiles()) {
      const database = await this.#others.open(file);
      if (!database) continue;
      const found = await read(database.store);
      if (found?.run.home === null) return { ...found, database };
    }
    if (!here) throw noSuchRun(runId);
    this.#others.refuseCopy?.(here.run);
    return { ...here, database: this.main };
  }

  /**
   * Finds the database that a run lives in, and the run's row there.
   * @throws as {@link find}
   */
  locate(runId: string): Promise<ReadRun & { readonly database: D }> {
    return this.find(runId, async (store) => {
      const run = await store.findRun(runId);
      return run && { run };
    });
  }

  /** The listed runs as they stand where they live: the main database's copies may be a moment behind. */
  async current(listed: readonly RunSnapshot[]): Promise<RunSnapshot[]> {
    const current = new Map<string, RunSnapshot>();
    for (const home of new Set(listed.map(({ run }) => run.home))) {
      const database = home === null ? undefined : await this.#others.open(home);
      const copies = listed.filter(({ run }) => run.home === home).map(({ run }) => run.runId);
      for (const snapshot of (await database?.store.readRuns(copies)) ?? []) current.set(snapshot.run.runId, snapshot);
    }
    return listed.map((snapshot) => current.get(snapshot.run.runId) ?? snapshot);
  }

  /** Every database that can be opened now, the main one first. */
  async all(): Promise<D[]> {
    const all = new Set([this.main]);
    for (const file of await this.#knownFiles()) {
      const database = await this.#others.open(file);
      if (database) all.add(database);
    }
    return [...all];
  }

  #knownFiles(): Promise<string[]> {
    return this.main.store.maintenance.knownDatabases();
  }
}

import { noSuchRun } from "../errors/index.ts";
import type { Run } from "../model/index.ts";
import type { RunSnapshot, Store } from "../store/index.ts";

/** A database of runs, as its host holds it. */
export interface RunDatabase {
  readonly store: Store;
}

/** What is read of a run: at least its row. */
export interface ReadRun {
  readonly run: Run;
}

/** Reads a run, and what belongs to it, from one store; undefined when the run is not in it. */
export type ReadFrom<T extends ReadRun> = (store: Store) => Promise<T | undefined>;

export interface OtherDatabases<D extends RunDatabase> {
  /** Opens the database that a workflow names for its runs, once; undefined when it cannot be opened now. */
  open(file: string): Promise<D | undefined>;
  /** Called before a mirrored copy is used because the run's own database cannot be read. Throws to refuse the copy. */
  refuseCopy?(copy: Run): void;
}

/**
 * The databases of runs: the main one, and those that workflows name for themselves. The main one mirrors the runs of
 * the others.
 */
export class RunDatabases<D extends RunDatabase> {
  readonly main: D;
  readonly #others: OtherDatabases<D>;

  constructor(main: D, others: OtherDatabases<D>) {
    this.main = main;
    this.#others = others;
  }

  /**
   * Reads a run from its database.
   * @returns what was read, and the database
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
   * Finds a run's database and reads the run's row there.
   * @throws like {@link find}
   */
  locate(runId: string): Promise<ReadRun & { readonly database: D }> {
    return this.find(runId, async (store) => {
      const run = await store.findRun(runId);
      return run && { run };
    });
  }

  /** Replaces mirrored runs, which may be a moment behind, with the runs from their own databases. */
  async current(listed: readonly RunSnapshot[]): Promise<RunSnapshot[]> {
    const current = new Map<string, RunSnapshot>();
    for (const home of new Set(listed.map(({ run }) => run.home))) {
      const database = home === null ? undefined : await this.#others.open(home);
      const copies = listed.filter(({ run }) => run.home === home).map(({ run }) => run.runId);
      for (const snapshot of (await database?.store.readRuns(copies)) ?? []) current.set(snapshot.run.runId, snapshot);
    }
    return listed.map((snapshot) => current.get(snapshot.run.runId) ?? snapshot);
  }

  /** All databases that can be opened now, the main one first. */
  async all(): Promise<D[]> {
    const all = new Set([this.main]);
    for (const file of await this.#knownFiles()) {
      const database = await this.#others.open(file);
      if (database) all.add(database);
    }
    return [...all];
  }

  async #knownFiles(): Promise<string[]> {
    return (await this.main.store.maintenance.knownDatabases()).map(({ path }) => path);
  }
}

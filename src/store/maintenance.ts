import type { PrunedBatch } from "./snapshots.ts";

/** What is done to a whole database, whatever its runs are about. */
export interface Maintenance {
  /**
   * Removes some of the runs that ended before `endedBeforeMs`, with all that belongs to them, the oldest first. A
   * run with very many rows goes over several batches.
   */
  pruneBatch(endedBeforeMs: number): Promise<PrunedBatch>;
  /** How many runs {@link pruneBatch} would remove, called until nothing is left. */
  countPrunable(endedBeforeMs: number): Promise<number>;
  /** Removes cached results that are older than `cachedBeforeMs`, and returns how many. */
  pruneCache(cachedBeforeMs: number): Promise<number>;
  /** Returns the space of what was removed to the file system, where the database can. */
  giveBackSpace(): Promise<void>;
  /**
   * Copies the database, as it is now, to a file that must not exist yet, while others continue to write. The copy is
   * whole, or not there.
   * @throws INVALID_OPTIONS when there is such a file; a `DB_*` code
   */
  backup(path: string): Promise<void>;
  /** Remembers another database whose runs this one's server answers for. */
  rememberDatabase(path: string, nowMs: number): Promise<void>;
  /** The databases that were remembered, in that order. */
  knownDatabases(): Promise<string[]>;
}

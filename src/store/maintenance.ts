import type { PrunedBatch } from "./snapshots.ts";

/** Operations on a whole database. */
export interface Maintenance {
  /**
   * Deletes some of the runs that ended before `endedBeforeMs`, oldest first, with everything that belongs to them. A
   * run with very many rows takes several batches.
   */
  pruneBatch(endedBeforeMs: number): Promise<PrunedBatch>;
  /** How many runs repeated calls of {@link pruneBatch} would delete. */
  countPrunable(endedBeforeMs: number): Promise<number>;
  /** Deletes cached results older than `cachedBeforeMs`. Returns their number. */
  pruneCache(cachedBeforeMs: number): Promise<number>;
  /** Returns free space to the file system, if the database can. */
  giveBackSpace(): Promise<void>;
  /**
   * Copies the current database to a new file while other connections continue to write. The copy is either complete or
   * not created.
   * @throws INVALID_OPTIONS when the file exists; a `DB_*` code
   */
  backup(path: string): Promise<void>;
  /** Records another database, whose runs belong to this one's server too. */
  rememberDatabase(path: string, nowMs: number): Promise<void>;
  /** The recorded databases, in the order of {@link rememberDatabase}. */
  knownDatabases(): Promise<string[]>;
}

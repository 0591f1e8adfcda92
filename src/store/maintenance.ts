import type { Moment } from "../model/index.ts";
import type { PrunedBatch } from "./snapshots.ts";

/** A database that a workflow names for itself, as the main database has recorded it. */
export interface KnownDatabase {
  /** Absolute. */
  readonly path: string;
  /** Its identity; null when a release that knew no identities recorded it. See `rules/ownership.ts`. */
  readonly databaseId: string | null;
  /** Names its file, see `fileKey`; null when such a release recorded it. */
  readonly fileKey: string | null;
  /** Names the main database's file at that time; null when it had none. */
  readonly mainFileKey: string | null;
}

/** What the clocks of this database's processes showed. */
export interface SeenClocks {
  /** When the wall clock was last believed. */
  readonly believed: Moment | null;
  /** The first moment after a jump of the wall clock, while that is not believed. */
  readonly doubted: Moment | null;
}

/** Operations on a whole database. */
export interface Maintenance {
  /**
   * Deletes some of the runs that ended before `endedBeforeMs`, oldest first, with everything that belongs to them. A
   * run with very many rows takes several batches.
   */
  pruneBatch(endedBeforeMs: number): Promise<PrunedBatch>;
  /** How many runs repeated calls of {@link pruneBatch} would delete. */
  countPrunable(endedBeforeMs: number): Promise<number>;
  /** The clocks as they were noted last. */
  seenClocks(): Promise<SeenClocks>;
  noteClocks(seen: SeenClocks): Promise<void>;
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
  /** Identity of this database, which cannot be guessed. A backup has another one. */
  databaseId(): Promise<string>;
  /** Records another database, whose runs belong to this one's server too; replaces what was recorded of its path. */
  rememberDatabase(database: KnownDatabase, nowMs: number): Promise<void>;
  /** The recorded databases, in the order in which their paths were recorded first. */
  knownDatabases(): Promise<KnownDatabase[]>;
}

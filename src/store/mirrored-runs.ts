import type { MirrorPage, RunPosition } from "./snapshots.ts";

/** What a mirror needs of both databases: the one that owns the runs, and the one with their copies. */
export interface MirroredRuns {
  /**
   * The number of the last event of a run's copy: 0 without a copy; undefined when this database has its own run with
   * that id.
   */
  mirroredSeq(home: string, runId: string): Promise<number | undefined>;
  /** The changes that a copy with the events up to `afterSeq` lacks; undefined when it is up to date. */
  readMirrorPage(runId: string, afterSeq: number): Promise<MirrorPage | undefined>;
  /** Applies changes to the copy of a run. Events that it has already stay as they are. */
  applyMirrorPage(home: string, page: MirrorPage): Promise<void>;
  /** The runs of this database that have not ended, or ended since `sinceMs`; without it, all runs. */
  toCompare(sinceMs?: number): Promise<RunPosition[]>;
}

import type { MirrorPage, RunPosition } from "./snapshots.ts";

/** What a mirror needs of both its ends: the database that runs live in, and the one that holds their copies. */
export interface MirroredRuns {
  /** How far the copy of a run goes; 0 when there is none, undefined when this database has a run of its own by that id. */
  mirroredSeq(home: string, runId: string): Promise<number | undefined>;
  /** What a copy that has a run's events up to `afterSeq` lacks; undefined when it lacks nothing. */
  readMirrorPage(runId: string, afterSeq: number): Promise<MirrorPage | undefined>;
  /** Brings the copy of a run up to date. What the copy has already is left as it is. */
  applyMirrorPage(home: string, page: MirrorPage): Promise<void>;
  /** The runs of this database that have not ended, or ended since `sinceMs`; all of them without it. */
  toCompare(sinceMs?: number): Promise<RunPosition[]>;
}

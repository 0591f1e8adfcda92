import {
  applyMirrorPage,
  type MirrorPage,
  mirroredSeq,
  type RunPosition,
  readMirrorPage,
  runsToCompare,
} from "./commands/mirror.ts";
import type { Connection } from "./connection.ts";

/** What a mirror needs of both its ends: the database that runs live in, and the one that holds their copies. */
export class MirroredRuns {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** How far the copy of a run goes; nothing when this database has a run of its own by that id. */
  mirroredSeq(home: string, runId: string): Promise<number | undefined> {
    return this.#connection.read((driver) => mirroredSeq(driver, home, runId));
  }

  /** What a copy of a run lacks that has its events up to `afterSeq`; nothing when it lacks nothing. */
  readMirrorPage(runId: string, afterSeq: number): Promise<MirrorPage | undefined> {
    return this.#connection.read((driver) => readMirrorPage(driver, runId, afterSeq));
  }

  applyMirrorPage(home: string, page: MirrorPage): Promise<void> {
    return this.#connection.write((driver) => applyMirrorPage(driver, home, page));
  }

  /** The runs of this database that have not ended, or ended since `sinceMs`; all of them without it. */
  toCompare(sinceMs: number | undefined): Promise<RunPosition[]> {
    return this.#connection.read((driver) => runsToCompare(driver, sinceMs));
  }
}

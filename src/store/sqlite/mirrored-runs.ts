import type { MirroredRuns } from "../mirrored-runs.ts";
import type { MirrorPage, RunPosition } from "../snapshots.ts";
import { applyMirrorPage, mirroredSeq, readMirrorPage, runsToCompare } from "./commands/mirror.ts";
import type { Connection } from "./connection.ts";

export class SqliteMirroredRuns implements MirroredRuns {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  mirroredSeq(home: string, runId: string): Promise<number | undefined> {
    return this.#connection.read((driver) => mirroredSeq(driver, home, runId));
  }

  readMirrorPage(runId: string, afterSeq: number): Promise<MirrorPage | undefined> {
    return this.#connection.snapshot((driver) => readMirrorPage(driver, runId, afterSeq));
  }

  applyMirrorPage(home: string, page: MirrorPage): Promise<void> {
    return this.#connection.write((driver) => applyMirrorPage(driver, home, page));
  }

  toCompare(sinceMs?: number): Promise<RunPosition[]> {
    return this.#connection.read((driver) => runsToCompare(driver, sinceMs));
  }
}

import type { Driver } from "../../runtime/index.ts";
import { stopwatch } from "../../timing/index.ts";
import { logBytesOf } from "./files.ts";
import { oneRow } from "./one-row.ts";

/** How often the log's size is looked at, at most. */
const lookMs = 1_000;
/** A smaller log is nothing unusual after a burst of writes. */
const largeBytes = 8_388_608;
/** The header of a frame in the log, in front of each page. */
const frameHeaderBytes = 24;

/**
 * Notices that the write-ahead log grows because a reader holds it open. SQLite moves the log into the database up to
 * the oldest reader's snapshot, and no further.
 */
export class HeldLog {
  readonly #driver: Driver;
  #sinceLookMs: () => number = () => Number.POSITIVE_INFINITY;
  /** What was told last; it is told again when it has doubled. */
  #toldBytes = 0;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /**
   * Looks at the log after a commit.
   * @returns how much of it waits for a reader, in bytes, when that is worth telling
   */
  look(): number | undefined {
    if (this.#sinceLookMs() < lookMs) return undefined;
    this.#sinceLookMs = stopwatch();
    if (logBytesOf(this.#driver.filename) < largeBytes) return undefined;
    const state = this.#driver.get<{ log: number; checkpointed: number }>("PRAGMA wal_checkpoint(PASSIVE)");
    const pageBytes = oneRow<{ page_size: number }>(this.#driver, "PRAGMA page_size").page_size;
    const waitingBytes = state ? (state.log - state.checkpointed) * (pageBytes + frameHeaderBytes) : 0;
    if (waitingBytes < largeBytes) {
      this.#toldBytes = 0;
      return undefined;
    }
    if (waitingBytes < 2 * this.#toldBytes) return undefined;
    this.#toldBytes = waitingBytes;
    return waitingBytes;
  }
}

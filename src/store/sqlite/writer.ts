import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import { type Driver, runtime } from "../../runtime/index.ts";
import { sleep, stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import { faultPoint } from "../fault.ts";
import type { StoreObserver } from "../observer.ts";
import { HeldLog } from "./held-log.ts";
import { oneRow } from "./one-row.ts";
import { rollBack } from "./roll-back.ts";

/** How long a commit is retried while another process holds the write lock. */
const busyLimitMs = 10_000;
const busyPauseMs = 10;

interface QueuedWrite {
  apply(driver: Driver): unknown;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/**
 * Group commit: writes of the same turn of the event loop share a transaction, across all runs. Each caller is answered
 * once the transaction is durable.
 */
export class SqliteWriter {
  readonly #driver: Driver;
  readonly #log: HeldLog;
  #queue: QueuedWrite[] = [];
  #flushing = false;
  #trouble: SmithersError | undefined;
  #sinceCommitMs = (): number => Number.POSITIVE_INFINITY;
  /** Rows that the connection has changed before the current transaction. */
  #changes = 0;
  #closed = false;
  #observer: StoreObserver | undefined;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.#log = new HeldLog(driver);
  }

  /**
   * Queues `apply`. It must only read and write the database, because it is applied again when a transaction fails. An
   * error that it throws rejects only its own promise.
   */
  write<T>(apply: (driver: Driver) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ apply, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => void this.#flush());
    });
  }

  /** Why a transaction failed, if the database caused that and none has changed anything since. */
  get trouble(): SmithersError | undefined {
    return this.#trouble;
  }

  /** Number of writes that wait for their transaction. */
  get queueDepth(): number {
    return this.#queue.length;
  }

  /** How long ago the last transaction that changed something was committed, in ms; infinite before the first. */
  sinceCommitMs(): number {
    return this.#sinceCommitMs();
  }

  observe(observer: StoreObserver): void {
    this.#observer = observer;
  }

  /** Waits until everything queued is committed or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing) await yieldToEventLoop();
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      await this.#commit(batch);
      if (this.#queue.length > 0 && !this.#closed) await yieldToEventLoop();
    }
    this.#flushing = false;
  }

  async #commit(batch: QueuedWrite[]): Promise<void> {
    const waitedMs = stopwatch();
    for (;;) {
      try {
        const elapsedMs = stopwatch();
        const results = this.#transaction(batch);
        this.#observer?.committed(batch.length, elapsedMs());
        if (this.#hasWritten()) this.#noteWritten();
        batch.forEach((write, index) => void write.resolve(results[index] as never));
        this.#lookAtLog();
        return;
      } catch (error) {
        // What was rolled back counts as changed too.
        this.#hasWritten();
        if (runtime.sqlite.isBusy(error) && waitedMs() < busyLimitMs) {
          this.#observer?.busy();
          await sleep(busyPauseMs);
        } else if (batch.length > 1) {
          // One of the writes is at fault: applied alone, the others succeed.
          for (const write of batch) await this.#commit([write]);
          return;
        } else {
          const thrown = runtime.sqlite.toStoreError(error);
          if (isSmithersError(thrown) && thrown.code.startsWith("DB_")) {
            this.#observer?.failed(thrown);
            this.#trouble = thrown;
          }
          batch[0]?.reject(thrown);
          return;
        }
      }
    }
  }

  /** Whether the last transaction has changed a row. One that has not reaches no disk, and says nothing about it. */
  #hasWritten(): boolean {
    const before = this.#changes;
    try {
      this.#changes = oneRow<{ count: number }>(this.#driver, "SELECT total_changes() AS count").count;
    } catch {
      // The transaction is over all the same: an error here must not have it applied again.
    }
    return this.#changes !== before;
  }

  #noteWritten(): void {
    this.#sinceCommitMs = stopwatch();
    if (this.#trouble) this.#observer?.recovered();
    this.#trouble = undefined;
  }

  #lookAtLog(): void {
    try {
      const waitingBytes = this.#log.look();
      if (waitingBytes !== undefined) this.#observer?.logHeld(waitingBytes);
    } catch {
      // The next write tells what is wrong with the database.
    }
  }

  #transaction(batch: QueuedWrite[]): unknown[] {
    this.#driver.run("BEGIN IMMEDIATE");
    try {
      const results = batch.map((write) => write.apply(this.#driver));
      faultPoint("before-commit");
      this.#driver.run("COMMIT");
      faultPoint("after-commit");
      return results;
    } catch (error) {
      rollBack(this.#driver);
      throw error;
    }
  }
}

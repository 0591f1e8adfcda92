import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import { type Driver, runtime } from "../../runtime/index.ts";
import type { StoreObserver } from "../observer.ts";
import { Writer } from "./group-commit.ts";

/**
 * One database as the parts of the store share it: reads see what is committed, writes are queued and share
 * transactions. Both reject with a `DB_*` code when the database fails.
 */
export class Connection {
  /** The database's file, absolute; "" when it is kept in memory. */
  readonly filename: string;
  readonly #driver: Driver;
  readonly #writer: Writer;
  /** Stays: a write that succeeds elsewhere in the file repairs nothing. */
  #damage: SmithersError | undefined;

  constructor(driver: Driver) {
    this.filename = driver.filename;
    this.#driver = driver;
    this.#writer = new Writer(driver);
  }

  /** Runs `apply` in a transaction shared with other writes; see {@link Writer.write}. */
  write<T>(apply: (driver: Driver) => T): Promise<T> {
    return this.#writer.write(apply);
  }

  /** Runs one statement that reads; several of them, in a {@link snapshot}. */
  async read<T>(query: (driver: Driver) => T): Promise<T> {
    try {
      return query(this.#driver);
    } catch (error) {
      const thrown = runtime.sqlite.toStoreError(error);
      if (isSmithersError(thrown) && thrown.code === "DB_CORRUPT") this.#damage = thrown;
      throw thrown;
    }
  }

  /** Runs statements that all read the database as it was at one moment. */
  snapshot<T>(query: (driver: Driver) => T): Promise<T> {
    return this.read((driver) => {
      // Not BEGIN: a connection that was handed in may be in a transaction of its owner's.
      driver.run("SAVEPOINT smithers_read");
      try {
        return query(driver);
      } finally {
        driver.run("RELEASE smithers_read");
      }
    });
  }

  /** Why the last write failed, when that was the database's fault and none has succeeded since; or where it is damaged. */
  get trouble(): SmithersError | undefined {
    return this.#damage ?? this.#writer.trouble;
  }

  /** Tells one observer of the transactions to come. */
  observe(observer: StoreObserver): void {
    this.#writer.observe(observer);
  }

  /** How many writes wait for their transaction. */
  get queueDepth(): number {
    return this.#writer.queueDepth;
  }

  /** Waits for queued writes, then ends the connection if it is the store's own. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#driver.close();
  }
}

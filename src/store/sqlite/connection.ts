import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import { type Driver, runtime } from "../../runtime/index.ts";
import type { StoreObserver } from "../observer.ts";
import { FilesInPlace } from "./files-in-place.ts";
import { rollBack } from "./roll-back.ts";
import { SqliteWriter } from "./writer.ts";

/**
 * One database, shared by the parts of the store. Reads see what is committed; writes are queued and share
 * transactions. Both reject with a `DB_*` code when the database fails.
 */
export class Connection {
  /** Absolute path of the database's file; "" for a database in memory. */
  readonly filename: string;
  readonly files: FilesInPlace;
  readonly #driver: Driver;
  readonly #writer: SqliteWriter;
  /** Damage that was found, and the query that found it: a successful write elsewhere in the file repairs nothing. */
  #damage: { readonly error: SmithersError; readonly query: (driver: Driver) => unknown } | undefined;

  constructor(driver: Driver) {
    this.filename = driver.filename;
    this.files = new FilesInPlace(driver.filename);
    this.#driver = driver;
    this.#writer = new SqliteWriter(driver);
  }

  /** Runs `apply` in a transaction shared with other writes; see {@link SqliteWriter.write}. */
  write<T>(apply: (driver: Driver) => T): Promise<T> {
    return this.#writer.write(apply);
  }

  /** Runs one read statement; use {@link snapshot} for several. */
  async read<T>(query: (driver: Driver) => T): Promise<T> {
    try {
      return query(this.#driver);
    } catch (error) {
      const thrown = runtime.sqlite.toStoreError(error);
      if (isSmithersError(thrown) && thrown.code === "DB_CORRUPT") this.#damage = { error: thrown, query };
      throw thrown;
    }
  }

  /** Runs statements that all see the database at the same moment. */
  snapshot<T>(query: (driver: Driver) => T): Promise<T> {
    return this.read((driver) => {
      // A savepoint instead of BEGIN: a connection from outside may be in a transaction of its owner.
      driver.run("SAVEPOINT smithers_read");
      try {
        return query(driver);
      } finally {
        endSnapshot(driver);
      }
    });
  }

  /**
   * Why the last write failed, if the database caused that and none has succeeded since; or the damage that was found.
   */
  get trouble(): SmithersError | undefined {
    return this.#damage?.error ?? this.#writer.trouble;
  }

  /**
   * Repeats the query that has found damage. A disk that fails to read for a moment looks like damage, and heals.
   * @returns whether the database is still damaged
   */
  async isStillDamaged(): Promise<boolean> {
    const damage = this.#damage;
    if (!damage) return false;
    try {
      damage.query(this.#driver);
      this.#damage = undefined;
      return false;
    } catch {
      return true;
    }
  }

  /** How long ago the last write succeeded, in ms; infinite before the first. */
  sinceWriteMs(): number {
    return this.#writer.sinceCommitMs();
  }

  /** Sets the one observer of future transactions. */
  observe(observer: StoreObserver): void {
    this.#writer.observe(observer);
  }

  /** Number of writes that wait for their transaction. */
  get queueDepth(): number {
    return this.#writer.queueDepth;
  }

  /** Waits for queued writes, then closes the connection if the store opened it. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#driver.close();
  }
}

function endSnapshot(driver: Driver): void {
  try {
    driver.run("RELEASE smithers_read");
  } catch (error) {
    // After a disk that failed to read, the snapshot would stay open for good, and refuse every write.
    rollBack(driver);
    throw error;
  }
}

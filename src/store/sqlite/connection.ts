import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import type { Driver } from "../../runtime/sqlite-driver.ts";
import { toStoreError } from "../../runtime/sqlite-errors.ts";
import type { StoreObserver } from "../observer.ts";
import { Writer } from "./group-commit.ts";

/**
 * One database as the parts of the store share it: reads see what is committed, writes are queued and share
 * transactions. Both reject with a `DB_*` code when the database fails.
 */
export class Connection {
  /** The database's file, absolute; "" when it is kept in memory. */
  readonly filename: string;
  /** Equal for connections of this process to one database. */
  readonly identity: unknown;
  readonly #driver: Driver;
  readonly #writer: Writer;
  /** Stays: a write that succeeds elsewhere in the file repairs nothing. */
  #damage: SmithersError | undefined;

  constructor(driver: Driver) {
    this.filename = driver.filename;
    this.identity = driver.identity;
    this.#driver = driver;
    this.#writer = new Writer(driver);
  }

  /** Runs `apply` in a transaction shared with other writes; see {@link Writer.write}. */
  write<T>(apply: (driver: Driver) => T): Promise<T> {
    return this.#writer.write(apply);
  }

  async read<T>(query: (driver: Driver) => T): Promise<T> {
    try {
      return query(this.#driver);
    } catch (error) {
      const thrown = toStoreError(error);
      if (isSmithersError(thrown) && thrown.code === "DB_CORRUPT") this.#damage = thrown;
      throw thrown;
    }
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

  /** Writes something that changes nothing, to see whether the database takes writes again. */
  async probe(): Promise<void> {
    // Where the disk is full a small write may still find room inside the file, and a larger one would not.
    if (this.trouble?.code === "DB_FULL" && !(await hasRoom(this.filename))) return;
    await this.write((driver) => driver.run("UPDATE _smithers_migrations SET applied_at_ms = applied_at_ms"));
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): Promise<number> {
    return this.read((driver) => driver.dataVersion());
  }

  /** Waits for queued writes, then ends the connection if it is the store's own. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#driver.close();
  }
}

/** Free bytes without which a disk counts as full. */
const roomBytes = 262_144;

async function hasRoom(filename: string): Promise<boolean> {
  if (filename === "") return true;
  try {
    const { bavail, bsize } = await statfs(dirname(filename));
    return bavail * bsize >= roomBytes;
  } catch {
    return true;
  }
}

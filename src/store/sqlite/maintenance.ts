import { backupDatabase } from "./commands/backup.ts";
import { countPrunable, type PrunedBatch, pruneBatch, pruneCache } from "./commands/prune.ts";
import type { Connection } from "./connection.ts";

/** What is done to a whole database, whatever its runs are about. */
export class Maintenance {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Removes some of the runs that ended before `endedBeforeMs`; see {@link pruneBatch}. */
  pruneBatch(endedBeforeMs: number): Promise<PrunedBatch> {
    return this.#connection.write((driver) => pruneBatch(driver, endedBeforeMs));
  }

  /** What {@link pruneBatch} would remove, called until nothing is left. */
  countPrunable(endedBeforeMs: number): Promise<number> {
    return this.#connection.read((driver) => countPrunable(driver, endedBeforeMs));
  }

  pruneCache(cachedBeforeMs: number): Promise<number> {
    return this.#connection.write((driver) => pruneCache(driver, cachedBeforeMs));
  }

  /** Makes the file smaller by the pages that are free, a few at a time. */
  async giveBackSpace(): Promise<void> {
    const freePages = () =>
      this.#connection.read(
        (driver) => driver.get<{ freelist_count: number }>("PRAGMA freelist_count")!.freelist_count,
      );
    for (let free = await freePages(); free > 0; ) {
      await this.#connection.write((driver) => driver.all("PRAGMA incremental_vacuum(200)"));
      const left = await freePages();
      if (left >= free) return;
      free = left;
    }
  }

  /**
   * Copies the database, as it is now, to a file that must not exist yet, while others go on writing. The copy is
   * whole, or not there. Blocks this process meanwhile.
   * @throws INVALID_OPTIONS when there is such a file; a `DB_*` code
   */
  backup(path: string): Promise<void> {
    return this.#connection.read((driver) => backupDatabase(driver, path));
  }

  /** Remembers another database whose runs this one's server answers for. */
  rememberDatabase(path: string, nowMs: number): Promise<void> {
    return this.#connection.write((driver) => {
      driver.run("INSERT OR IGNORE INTO _smithers_databases (path, added_at_ms) VALUES (?, ?)", path, nowMs);
    });
  }

  async knownDatabases(): Promise<string[]> {
    const rows = await this.#connection.read((driver) =>
      driver.all<{ path: string }>("SELECT path FROM _smithers_databases ORDER BY added_at_ms"),
    );
    return rows.map((row) => row.path);
  }
}

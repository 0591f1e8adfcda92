import type { Maintenance } from "../maintenance.ts";
import type { PrunedBatch } from "../snapshots.ts";
import { backupDatabase } from "./commands/backup.ts";
import { countPrunable, pruneBatch, pruneCache } from "./commands/prune.ts";
import type { Connection } from "./connection.ts";

/** Number of pages that one transaction gives back. */
const vacuumedPages = 200;

export class SqliteMaintenance implements Maintenance {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  pruneBatch(endedBeforeMs: number): Promise<PrunedBatch> {
    return this.#connection.write((driver) => pruneBatch(driver, endedBeforeMs));
  }

  countPrunable(endedBeforeMs: number): Promise<number> {
    return this.#connection.read((driver) => countPrunable(driver, endedBeforeMs));
  }

  pruneCache(cachedBeforeMs: number): Promise<number> {
    return this.#connection.write((driver) => pruneCache(driver, cachedBeforeMs));
  }

  /** Shrinks the file by its free pages, a few at a time. */
  async giveBackSpace(): Promise<void> {
    const freePages = () =>
      this.#connection.read(
        (driver) => driver.get<{ freelist_count: number }>("PRAGMA freelist_count")!.freelist_count,
      );
    for (let free = await freePages(); free > 0; ) {
      await this.#connection.write((driver) => driver.all(`PRAGMA incremental_vacuum(${vacuumedPages})`));
      const left = await freePages();
      if (left >= free) return;
      free = left;
    }
  }

  /** This blocks the process. */
  backup(path: string): Promise<void> {
    return this.#connection.read((driver) => backupDatabase(driver, path));
  }

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

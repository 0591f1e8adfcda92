import type { KnownDatabase, Maintenance, SeenClocks } from "../maintenance.ts";
import type { PrunedBatch } from "../snapshots.ts";
import { backupDatabase } from "./commands/backup.ts";
import { countPrunable, pruneBatch, pruneCache } from "./commands/prune.ts";
import type { Connection } from "./connection.ts";
import { databaseIdOf } from "./identity.ts";
import { oneRow } from "./one-row.ts";

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

  async seenClocks(): Promise<SeenClocks> {
    const sql = "SELECT believed_json AS believed, doubted_json AS doubted FROM _smithers_pulse";
    const row = await this.#connection.read((driver) => driver.get<Record<keyof SeenClocks, string | null>>(sql));
    return { believed: JSON.parse(row?.believed ?? "null"), doubted: JSON.parse(row?.doubted ?? "null") };
  }

  async noteClocks({ believed, doubted }: SeenClocks): Promise<void> {
    await this.#connection.write((driver) =>
      driver.run(
        "UPDATE _smithers_pulse SET believed_json = ?, doubted_json = ?",
        JSON.stringify(believed),
        JSON.stringify(doubted),
      ),
    );
  }

  /** Shrinks the file by its free pages, a few at a time. */
  async giveBackSpace(): Promise<void> {
    const freePages = () =>
      this.#connection.read(
        (driver) => oneRow<{ freelist_count: number }>(driver, "PRAGMA freelist_count").freelist_count,
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

  databaseId(): Promise<string> {
    return this.#connection.read((driver) => databaseIdOf(driver)!);
  }

  rememberDatabase({ path, databaseId, fileKey, mainFileKey }: KnownDatabase, nowMs: number): Promise<void> {
    return this.#connection.write((driver) => {
      driver.run(
        `INSERT INTO _smithers_databases (path, added_at_ms, database_id, file_key, main_file_key)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (path) DO UPDATE SET database_id = excluded.database_id, file_key = excluded.file_key,
           main_file_key = excluded.main_file_key`,
        path,
        nowMs,
        databaseId,
        fileKey,
        mainFileKey,
      );
    });
  }

  knownDatabases(): Promise<KnownDatabase[]> {
    return this.#connection.read((driver) =>
      driver.all<KnownDatabase>(
        `SELECT path, database_id AS databaseId, file_key AS fileKey, main_file_key AS mainFileKey
         FROM _smithers_databases ORDER BY added_at_ms, path`,
      ),
    );
  }
}

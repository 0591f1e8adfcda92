import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { median } from "./statistics.ts";

export type Synchronous = "full" | "normal";

const rounds = 5;

/**
 * Measures milliseconds per transaction that inserts one row of 200 bytes into a SQLite file in `folder`: the median of
 * five rounds. This is the disk's current speed, with which everything else is compared.
 */
export function commitMs(folder: string, synchronous: Synchronous, commits = 60): number {
  const path = join(folder, "commit.db");
  const database = new Database(path, { create: true });
  try {
    database.run("PRAGMA journal_mode = WAL");
    database.run(`PRAGMA synchronous = ${synchronous}`);
    database.run("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT)");
    const insert = database.query("INSERT INTO row (text) VALUES (?)");
    const text = "x".repeat(200);
    return median(
      Array.from({ length: rounds }, () => {
        const begin = performance.now();
        for (let n = 0; n < commits; n++) insert.run(text);
        return (performance.now() - begin) / commits;
      }),
    );
  } finally {
    database.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  }
}

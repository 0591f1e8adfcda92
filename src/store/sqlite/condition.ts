import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { StoreDescription } from "../snapshots.ts";
import type { Connection } from "./connection.ts";
import { oneRow } from "./one-row.ts";

/** A disk with fewer free bytes counts as full. */
const roomBytes = 262_144;

/** A write that succeeded this long ago says nothing about the disk any more. */
const recentMs = 10_000;

/**
 * Writes to the database when it is in trouble, or when nothing has been written for a while.
 * @throws the reason why the database refuses writes; DB_UNAVAILABLE when one of its files was removed or replaced
 */
export async function checkHealth(connection: Connection): Promise<void> {
  const isDamaged = await connection.isStillDamaged();
  if (!isDamaged && (connection.trouble || connection.sinceWriteMs() > recentMs)) {
    await probe(connection).catch(() => {});
  }
  if (connection.trouble) throw connection.trouble;
  connection.files.check();
}

/** Changes a value of its own, to test whether the database accepts writes. A write that changes nothing reaches no disk. */
export async function probe(connection: Connection): Promise<void> {
  // On a full disk, a small write may still fit into free space of the file although a larger one would fail.
  if (connection.trouble?.code === "DB_FULL" && !(await hasRoom(connection.filename))) return;
  await connection.write((driver) => driver.run("UPDATE _smithers_pulse SET probes = probes + 1"));
}

async function hasRoom(filename: string): Promise<boolean> {
  if (filename === "") return true;
  try {
    const { bavail, bsize } = await statfs(dirname(filename));
    return bavail * bsize >= roomBytes;
  } catch {
    return true;
  }
}

const synchronousModes = ["off", "normal", "full", "extra"];

export function describe(connection: Connection, integrity: boolean): Promise<StoreDescription> {
  return connection.read((driver) => {
    const pragma = <T extends string | number>(name: string) =>
      Object.values(oneRow<Record<string, T>>(driver, `PRAGMA ${name}`))[0]!;
    const version = oneRow<{ version: number }>(
      driver,
      "SELECT max(version) AS version FROM _smithers_migrations",
    ).version;
    const found = integrity ? pragma<string>("quick_check(1)") : undefined;
    return {
      kind: "SQLite",
      name: connection.filename || "in memory",
      version,
      sizeBytes: pragma<number>("page_count") * pragma<number>("page_size"),
      settings: {
        "journal mode": pragma<string>("journal_mode"),
        synchronous: synchronousModes[pragma<number>("synchronous")]!,
      },
      ...(found === undefined ? {} : { damage: found === "ok" ? null : found }),
    };
  });
}

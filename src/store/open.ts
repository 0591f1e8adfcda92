import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isSmithersError, SmithersError } from "../errors/index.ts";
import { borrowBunSqlite, isBunDatabase, openBunDatabase, openBunSqlite } from "../runtime/bun/sqlite.ts";
import type { Driver } from "../runtime/sqlite-driver.ts";
import { toStoreError } from "../runtime/sqlite-errors.ts";
import { migrate } from "./sqlite/migrations/index.ts";
import { Store } from "./sqlite/store.ts";

export interface StoreOptions {
  /**
   * `full` (the default): what was accepted survives a power cut. `normal`: it survives a crash of the
   * process, and commits are cheaper.
   */
  synchronous?: "full" | "normal";
}

export interface OpenOptions extends StoreOptions {
  /** Opens only a file that is there and that is ours, or empty: no file is made, and none of another program changed. */
  existing?: boolean;
}

/** A Drizzle database, seen from here: what holds its client. */
export interface DrizzleDatabase {
  readonly $client: unknown;
}

/**
 * Opens the database at `source`: a file's path, or a Drizzle database for bun-sqlite whose connection
 * is used and left open.
 * @throws DB_NOT_A_DATABASE, DB_TOO_NEW, DB_READ_ONLY, DB_UNAVAILABLE, DB_BUSY, INVALID_OPTIONS;
 *   with `existing` also DB_NOT_FOUND
 */
export function openStore(source: string | DrizzleDatabase, options: OpenOptions = {}): Store {
  return open(source, options, lockWaitMs);
}

/**
 * Opens a file as {@link openStore} does, for a process that serves others meanwhile: it waits a moment for
 * whoever has locked the file, and lets the others go on.
 */
export async function openStoreBeside(path: string, options: StoreOptions = {}): Promise<Store> {
  const deadline = performance.now() + shortLockWaitMs;
  for (;;) {
    try {
      return open(path, options, 0);
    } catch (error) {
      const isLocked = isSmithersError(error) && error.code === "DB_BUSY";
      if (!isLocked || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
  }
}

function open(source: string | DrizzleDatabase, options: OpenOptions, blockedMs: number): Store {
  try {
    if (options.existing && typeof source === "string" && !existsSync(source)) {
      throw new SmithersError("DB_NOT_FOUND", `There is no file ${source}.`);
    }
    const driver = typeof source === "string" ? openFile(source) : borrow(source);
    try {
      if (options.existing) refuseStrange(driver);
      driver.exec(`PRAGMA busy_timeout = ${blockedMs}`);
      configure(driver, options);
      migrate(driver, Date.now());
      driver.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    } catch (error) {
      driver.close();
      throw error;
    }
    return new Store(driver);
  } catch (error) {
    throw toStoreError(error);
  }
}

function openFile(path: string): Driver {
  if (path === ":memory:") return openBunSqlite(path);
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new SmithersError("DB_UNAVAILABLE", `The folder of the database ${file} cannot be made.`, { cause });
  }
  return openBunSqlite(file);
}

/**
 * The file at `path` as a Drizzle database for bun-sqlite is seen from here; it stays open until the process ends.
 * @throws DB_UNAVAILABLE
 */
export function openDatabase(path: string): DrizzleDatabase {
  try {
    return openBunDatabase(path);
  } catch (error) {
    throw toStoreError(error);
  }
}

/** @throws DB_NOT_FOUND for a database whose tables are all another program's */
function refuseStrange(driver: Driver): void {
  const names = driver.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  if (names.length === 0 || names.some(({ name }) => name === "_smithers_migrations")) return;
  throw new SmithersError(
    "DB_NOT_FOUND",
    `${driver.filename} is the database of another program: no run was kept in it.`,
  );
}

function borrow(database: DrizzleDatabase): Driver {
  if (isBunDatabase(database?.$client)) return borrowBunSqlite(database.$client);
  throw new SmithersError("INVALID_OPTIONS", "The option db is no Drizzle database for bun-sqlite.");
}

/** Waiting for a lock blocks the event loop, so SQLite waits briefly and the writer tries again. */
const busyTimeoutMs = 10;
/** How long whoever has locked a file is waited for when it is opened. */
const lockWaitMs = 5_000;
const shortLockWaitMs = 2_000;
const lockPauseMs = 50;
/** A burst of writes leaves no larger file behind. */
const keptLogBytes = 67_108_864;

/** The system caches the file's pages too; what is kept here besides counts as the server's own memory. */
const cacheKib = 8_192;

function configure(driver: Driver, { synchronous = "full" }: StoreOptions): void {
  // Counts only while the file has no tables yet; it lets retention give space back.
  driver.exec("PRAGMA auto_vacuum = INCREMENTAL");
  driver.exec("PRAGMA journal_mode = WAL");
  driver.exec(`PRAGMA synchronous = ${synchronous === "normal" ? "NORMAL" : "FULL"}`);
  driver.exec("PRAGMA foreign_keys = ON");
  driver.exec(`PRAGMA cache_size = -${cacheKib}`);
  driver.exec(`PRAGMA journal_size_limit = ${keptLogBytes}`);
}

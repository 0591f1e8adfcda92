import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isSmithersError, notTrusted, SmithersError } from "../../errors/index.ts";
import { type Driver, runtime } from "../../runtime/index.ts";
import { sleep, stopwatch } from "../../timing/index.ts";
import type { OpenOptions, StoreOptions } from "../open.ts";
import { createDatabaseFile, keepPrivate, refuseLostDatabase, removeStrayJournal } from "./files.ts";
import { databaseIdOf } from "./identity.ts";
import { migrate } from "./migrations/index.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** How long opening waits for a database that another process has locked. */
const lockWaitMs = 2_000;
const lockPauseMs = 50;

/**
 * Opens a SQLite file, or uses a connection without ever closing it. While another process has locked the file, it
 * retries without blocking the process.
 * @param source a path, or a connection of the runtime's own SQLite library
 */
export async function openSqlite(source: string | object, options: OpenOptions): Promise<SqliteStore> {
  const waitedMs = stopwatch();
  for (;;) {
    try {
      return open(source, options);
    } catch (thrown) {
      const error = runtime.sqlite.toStoreError(thrown);
      const isLocked = isSmithersError(error) && error.code === "DB_BUSY";
      if (!isLocked || waitedMs() > lockWaitMs) throw error;
    }
    await sleep(lockPauseMs);
  }
}

function open(source: string | object, options: OpenOptions): SqliteStore {
  if (options.existing && typeof source === "string" && !existsSync(source)) {
    throw new SmithersError("DB_NOT_FOUND", `There is no file ${source}.`);
  }
  const driver = typeof source === "string" ? openFile(source) : runtime.sqlite.borrow(source);
  try {
    if (driver.filename !== "") refuseLostDatabase(driver.filename);
    driver.exec("PRAGMA busy_timeout = 0");
    if (options.databaseId !== undefined) refuseAnother(driver, options.databaseId);
    if (options.existing) refuseStrange(driver);
    keepPrivate(driver);
    configure(driver, options);
    migrate(driver, Date.now(), options.databaseId);
    driver.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  } catch (error) {
    driver.close();
    throw error;
  }
  return new SqliteStore(driver);
}

function openFile(path: string): Driver {
  if (path === ":memory:") return runtime.sqlite.open(path);
  refuseLostDatabase(resolve(path));
  const file = createDatabaseFile(path);
  removeStrayJournal(file);
  return runtime.sqlite.open(file);
}

/** @throws DB_NOT_TRUSTED for a database that has tables and not this identity */
function refuseAnother(driver: Driver, databaseId: string): void {
  const isEmpty = driver.get("SELECT 1 FROM sqlite_master") === undefined;
  if (!isEmpty && databaseIdOf(driver) !== databaseId) throw notTrusted(driver.filename);
}

/** @throws DB_NOT_FOUND for a database that has only tables of another program */
function refuseStrange(driver: Driver): void {
  const names = driver.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  if (names.length === 0 || names.some(({ name }) => name === "_smithers_migrations")) return;
  throw new SmithersError(
    "DB_NOT_FOUND",
    `${driver.filename} is the database of another program and contains no runs.`,
  );
}

/** Waiting for a lock blocks the event loop, so SQLite waits only briefly and the writer retries. */
const busyTimeoutMs = 10;
/** Keeps the log small after a burst of writes. */
const keptLogBytes = 67_108_864;

/** The operating system caches the file's pages too. This cache counts as memory of the server. */
const cacheKib = 8_192;

function configure(driver: Driver, { synchronous = "full" }: StoreOptions): void {
  // Takes effect only while the file has no tables; it lets retention give space back.
  driver.exec("PRAGMA auto_vacuum = INCREMENTAL");
  driver.exec("PRAGMA journal_mode = WAL");
  driver.exec(`PRAGMA synchronous = ${synchronous === "normal" ? "NORMAL" : "FULL"}`);
  driver.exec("PRAGMA foreign_keys = ON");
  driver.exec(`PRAGMA cache_size = -${cacheKib}`);
  driver.exec(`PRAGMA journal_size_limit = ${keptLogBytes}`);
}

import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { isSmithersError, SmithersError } from "../../errors/index.ts";
import { createPrivateFile, fileKey } from "../../files/index.ts";
import {
  isRecorded,
  type KnownDatabase,
  type LocalStore,
  mayBeRecorded,
  mustBeTrusted,
  openStore,
  type StoreOptions,
  untrusted,
} from "../../store/index.ts";
import { sleep, stopwatch } from "../../timing/index.ts";
import { hideNewDatabase } from "./new-database.ts";
import { refusalOf, refuseShared } from "./refusals.ts";

/** How long another process may take between creating a file and recording it. */
const creationMs = 2_000;
const pauseMs = 20;

export interface OwnDatabasesOptions extends StoreOptions {
  /** The folder that the workflow's paths are relative to. Messages name files below it by their paths in it. */
  readonly rootDir: string;
}

/** A database that a workflow names, and what would happen if it was opened. */
export interface ListedDatabase {
  readonly path: string;
  readonly state: "used" | "missing" | "not trusted" | "unusable";
  /** Why it is not trusted or cannot be used. */
  readonly error?: SmithersError;
}

/**
 * The databases that workflows name for themselves. Only those are opened that were created here, or that the owner has
 * trusted: a command could put another one in the place of one, with runs that no one has started. What was created
 * here is recorded in the main database, which commands can neither read nor write.
 */
export class OwnDatabases {
  readonly #main: LocalStore;
  readonly #rootDir: string;
  readonly #options: StoreOptions;

  constructor(main: LocalStore, { rootDir, ...options }: OwnDatabasesOptions) {
    this.#main = main;
    this.#rootDir = rootDir;
    this.#options = options;
  }

  /**
   * Withdraws the trust in databases whose files are missing: a command can put the same file there again, changed. Must
   * be called before commands can run.
   */
  async noteMissing(): Promise<void> {
    for (const known of await this.#all()) if (isMissing(known.path)) await this.#withdraw(known);
  }

  /**
   * Opens a database that exists.
   * @throws DB_NOT_TRUSTED; DB_UNAVAILABLE when it does not exist; other `DB_*` codes
   */
  async open(path: string): Promise<LocalStore> {
    const known = await this.#known(path);
    const key = fileKey(path);
    if (key !== undefined) return this.#openExisting(path, key, known);
    if (known) await this.#withdraw(known);
    throw new SmithersError("DB_UNAVAILABLE", "The workflow's own database does not exist.");
  }

  /**
   * Opens a database, or creates it with mode 0600.
   * @throws DB_NOT_TRUSTED, other `DB_*` codes
   */
  async openOrCreate(path: string): Promise<LocalStore> {
    const waitedMs = stopwatch();
    for (;;) {
      const key = fileKey(path);
      const known = await this.#known(path);
      if (key === undefined) await this.#create(path);
      else if (!isEmpty(path) || (known && !mustBeTrusted(known) && known.fileKey === key)) {
        return this.#openExisting(path, key, known);
      }
      // An empty file is being created by another process, or was left, or put there: nothing in it is of use.
      else if (waitedMs() > creationMs) removeEmpty(path);
      else await sleep(pauseMs);
    }
  }

  /**
   * Records a database that exists, so that it is used from now on.
   * @throws DB_UNAVAILABLE when a command could change it by another name; other `DB_*` codes
   */
  async trust(path: string): Promise<LocalStore> {
    refuseShared(path);
    const key = fileKey(path);
    const store = await openStore(path, { ...this.#options, existing: true });
    try {
      await this.#remember(path, await store.maintenance.databaseId(), key ?? null);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Withdraws the trust in a database. A server that has it open stops using it when it ends. */
  async distrust(path: string): Promise<void> {
    const known = await this.#known(path);
    await this.#withdraw(known ?? { path, databaseId: null, fileKey: null, mainFileKey: null });
  }

  /** The databases that were recorded, each opened to see whether that works. */
  async list(): Promise<ListedDatabase[]> {
    const listed: ListedDatabase[] = [];
    for (const { path } of await this.#all()) listed.push(await this.#look(path));
    return listed;
  }

  async #look(path: string): Promise<ListedDatabase> {
    if (isMissing(path)) return { path, state: "missing" };
    try {
      await (await this.open(path)).close();
      return { path, state: "used" };
    } catch (error) {
      if (!isSmithersError(error)) throw error;
      return { path, state: error.code === "DB_NOT_TRUSTED" ? "not trusted" : "unusable", error };
    }
  }

  async #create(path: string): Promise<void> {
    try {
      mkdirSync(dirname(path), { recursive: true });
      createPrivateFile(path);
      // SQLite would play back what a command has left under these names.
      for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
    } catch (cause) {
      // Another process was faster.
      if ((cause as NodeJS.ErrnoException).code === "EEXIST" && fileKey(path) !== undefined) return;
      throw new SmithersError("DB_UNAVAILABLE", `The database ${basename(path)} cannot be created.`, { cause });
    }
    // Its identity is fixed before it has tables: a file that gets others first is not it.
    await this.#remember(path, randomUUID(), fileKey(path) ?? null);
  }

  async #openExisting(path: string, key: string, known: KnownDatabase | undefined): Promise<LocalStore> {
    const file = { fileKey: key, mainFileKey: this.#mainFileKey() };
    if (!known || !mayBeRecorded(known, file)) throw this.#refusal(path);
    if (isEmpty(path)) await hideNewDatabase(path);
    const store = await this.#openKnown(known);
    try {
      const databaseId = await store.maintenance.databaseId();
      // Another file may have got the name meanwhile.
      if (!isRecorded(known, { ...file, databaseId }) || fileKey(path) !== key) throw this.#refusal(path);
      const isUpToDate = known.databaseId !== null && known.fileKey === key && known.mainFileKey === file.mainFileKey;
      if (!isUpToDate) await this.#remember(path, databaseId, key);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #openKnown({ path, databaseId }: KnownDatabase): Promise<LocalStore> {
    const identity = databaseId === null ? {} : { databaseId };
    try {
      return await openStore(path, { ...this.#options, ...identity, existing: true });
    } catch (error) {
      throw isSmithersError(error) && error.code === "DB_NOT_TRUSTED" ? this.#refusal(path) : error;
    }
  }

  #refusal(path: string): SmithersError {
    return refusalOf(path, { rootDir: this.#rootDir, mainFile: this.#mainFile });
  }

  get #mainFile(): string | undefined {
    return this.#main.privateFiles[0];
  }

  #mainFileKey(): string | null {
    return this.#mainFile === undefined ? null : (fileKey(this.#mainFile) ?? null);
  }

  #all(): Promise<KnownDatabase[]> {
    return this.#main.maintenance.knownDatabases();
  }

  async #known(path: string): Promise<KnownDatabase | undefined> {
    return (await this.#all()).find((known) => known.path === path);
  }

  async #withdraw(known: KnownDatabase): Promise<void> {
    if (!mustBeTrusted(known)) await this.#main.maintenance.rememberDatabase(untrusted(known), Date.now());
  }

  #remember(path: string, databaseId: string, key: string | null): Promise<void> {
    const recorded = { path, databaseId, fileKey: key, mainFileKey: this.#mainFileKey() };
    return this.#main.maintenance.rememberDatabase(recorded, Date.now());
  }
}

/** False also for what cannot be looked at now, such as a folder on a file server that does not answer. */
function isMissing(path: string): boolean {
  try {
    return fileKey(path) === undefined;
  } catch {
    return false;
  }
}

/** @throws DB_UNAVAILABLE when the file belongs to another user, or its folder does not allow it */
function removeEmpty(path: string): void {
  const name = basename(path);
  if (statSync(path).uid !== process.geteuid?.()) {
    throw new SmithersError("DB_UNAVAILABLE", `The empty file ${name} belongs to another user.`);
  }
  try {
    rmSync(path);
  } catch (cause) {
    throw new SmithersError("DB_UNAVAILABLE", `The empty file ${name} cannot be replaced.`, { cause });
  }
}

function isEmpty(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === 0;
}

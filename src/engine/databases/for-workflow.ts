import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type LocalStore, openStore, type StoreOptions } from "../../store/index.ts";
import { OwnDatabases } from "./own-databases.ts";

export interface ForWorkflowOptions extends StoreOptions {
  readonly rootDir: string;
  /** The database of a server of this root, which records what was created here. Default: `smithers.db` in the root. */
  readonly mainFile?: string;
}

/** A workflow's database, open, and the paths that commands of its run must not see in addition. */
export interface ForWorkflow {
  readonly store: LocalStore;
  readonly knownPaths: readonly string[];
}

/**
 * Opens the database of a workflow for a process that executes one run of it: its own (`dbPath`), or the main one. An
 * own one that is created is recorded in the main one, so that a server uses it too; one that exists is checked like a
 * server does.
 *
 * @throws DB_NOT_TRUSTED, other `DB_*` codes
 */
export async function openForWorkflow(
  dbPath: string | undefined,
  { rootDir, mainFile = resolve(rootDir, "smithers.db"), ...options }: ForWorkflowOptions,
): Promise<ForWorkflow> {
  if (dbPath === ":memory:") return { store: await openStore(dbPath, options), knownPaths: [] };
  const file = dbPath === undefined ? mainFile : resolve(rootDir, dbPath);
  if (file === mainFile) {
    const store = await openStore(file, options);
    return { store, knownPaths: await knownTo(store, rootDir) };
  }
  const main = await openMain(mainFile, !existsSync(file));
  if (!main) return { store: await openStore(file, options), knownPaths: [] };
  try {
    const knownPaths = await knownTo(main, rootDir);
    const store = await new OwnDatabases(main, { ...options, rootDir }).openOrCreate(file);
    return { store, knownPaths: [...knownPaths, mainFile] };
  } finally {
    await main.close();
  }
}

async function knownTo(main: LocalStore, rootDir: string): Promise<string[]> {
  await new OwnDatabases(main, { rootDir }).noteMissing();
  return (await main.maintenance.knownDatabases()).map(({ path }) => path);
}

/** The main database; undefined when there is none to ask: a folder without one, or one that this user cannot open. */
async function openMain(file: string, create: boolean): Promise<LocalStore | undefined> {
  if (!create && !existsSync(file)) return undefined;
  try {
    return await openStore(file);
  } catch {
    return undefined;
  }
}

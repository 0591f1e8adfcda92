import { type BigIntStats, type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  beginsLikeDatabase,
  isLockedFolder,
  throwIfExhausted,
  throwIfLocked,
  unlockFolder,
} from "../../files/index.ts";
import { yieldToEventLoop } from "../../timing/index.ts";
import { isEnvFile } from "./env-file.ts";

/** The files below a root folder that the guard cares about. */
export interface TreeListing {
  /** Files, links and FIFOs whose names begin with `.env`. */
  readonly envFiles: readonly string[];
  /** Files that can be modules. */
  readonly sources: readonly string[];
  /** Files with names of SQLite databases, of the files that SQLite keeps next to one, or of copies. */
  readonly databases: readonly string[];
}

/** What lies below a root folder. */
export interface RootTree extends TreeListing {
  /** The folders that were read, the root itself too. */
  readonly folders: readonly string[];
}

interface Folder extends TreeListing {
  /** Undefined when the folder changed so recently that another change could have the same time. */
  readonly stamp: string | undefined;
  readonly folders: readonly string[];
}

/** Not listed: packages are protected as a whole, and `.git` contains no modules. */
const skippedFolders: ReadonlySet<string> = new Set(["node_modules", ".git"]);

const sourceName = /\.[mc]?[jt]sx?$/;
const databaseName = /\.(db|sqlite)3?(?![\da-z])|\.(bak|backup|copy|old|orig|save)$/i;

/** Further names that databases and their copies have. Most such files are none, so each is looked at. */
const otherDatabaseName =
  /^[^.]+$|~$|-(wal|journal)$|\.(s3db|sl3|sdb|sqlitedb|dat|data|store|dump|snapshot|bin|tmp|\d+)$/i;

/** Two changes within this time may leave the same timestamps. */
const settledAfterMs = 100;

/** Folders that are read before the event loop gets a turn. */
const foldersPerTurn = 200;

/** Lists the files below a root folder. Only folders that have changed are read again. */
export class FolderTree {
  #folders = new Map<string, Folder>();

  async list(rootDir: string): Promise<RootTree> {
    const known = this.#folders;
    const seen = new Map<string, Folder>();
    const envFiles: string[] = [];
    const sources: string[] = [];
    const databases: string[] = [];
    const left = [rootDir];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const folder = read(path, known.get(path));
      if (!folder) continue;
      seen.set(path, folder);
      left.push(...folder.folders);
      envFiles.push(...folder.envFiles);
      sources.push(...folder.sources);
      databases.push(...folder.databases);
      if (seen.size % foldersPerTurn === 0) await yieldToEventLoop();
    }
    this.#folders = seen;
    return { envFiles, sources, databases, folders: [...seen.keys()] };
  }
}

function read(path: string, known: Folder | undefined): Folder | undefined {
  try {
    const stats = readableStats(path);
    const stamp = stampOf(stats);
    if (known?.stamp !== undefined && known.stamp === stamp) return known;
    const isSettled = Date.now() - Number(stats.ctimeMs) > settledAfterMs;
    return { stamp: isSettled ? stamp : undefined, ...sorted(path, readdirSync(path, { withFileTypes: true })) };
  } catch (error) {
    throwIfExhausted(error);
    throwIfLocked(error, path);
    // The folder is gone, or belongs to another user who lets nobody read it: commands, which run as this user, neither.
    return undefined;
  }
}

/** Makes a folder of this user's own readable. A command may have changed its mode, and another may change it back. */
function readableStats(path: string): BigIntStats {
  const stats = lstatSync(path, { bigint: true });
  if (!isLockedFolder(stats, 0o500)) return stats;
  unlockFolder(path, 0o500);
  return lstatSync(path, { bigint: true });
}

function sorted(path: string, entries: readonly Dirent[]) {
  const folders: string[] = [];
  const envFiles: string[] = [];
  const sources: string[] = [];
  const databases: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) folders.push(join(path, entry.name));
    } else if (isEnvFile(entry.name)) envFiles.push(join(path, entry.name));
    else if (!entry.isFile()) continue;
    else if (sourceName.test(entry.name)) sources.push(join(path, entry.name));
    else if (databaseName.test(entry.name)) databases.push(join(path, entry.name));
    else if (otherDatabaseName.test(entry.name) && beginsLikeDatabase(join(path, entry.name))) {
      databases.push(join(path, entry.name));
    }
  }
  return { folders, envFiles, sources, databases };
}

/** A text that changes whenever a file or folder may have changed. */
export const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;

import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { throwIfExhausted, throwIfLocked } from "../../files/index.ts";
import type { FileRules } from "../../jsx/index.ts";
import { isBelow } from "../sandbox/index.ts";
import { Databases } from "./databases.ts";
import { loadedWith } from "./loaded.ts";
import { Modules } from "./modules.ts";
import { otherNames } from "./other-names.ts";
import { preloadsIn } from "./preloads.ts";
import { FolderTree } from "./tree.ts";

/** What tools may not read or change below a root at this moment. All paths are absolute. */
export interface Guard {
  /** Databases of this package and files with an environment, with links resolved. */
  readonly hidden: readonly string[];
  /** Files and folders that the server loads. */
  readonly readOnly: readonly string[];
  /** Paths where the server would load a file, and where there is nothing or a link now. */
  readonly watched: readonly string[];
  /** Where a repository may be made, if it has git execute nothing. */
  readonly repositories: readonly string[];
  /** Exceptions: paths that may be changed. */
  readonly writable: readonly string[];
}

interface KnownRoot {
  readonly tree: FolderTree;
  readonly modules: Modules;
  readonly databases: Databases;
}

/** Roots that are remembered; a process serves few. */
const maxKnownRoots = 16;

const knownRoots = new Map<string, KnownRoot>();

function knownRoot(rootDir: string): KnownRoot {
  const known = knownRoots.get(rootDir) ?? {
    tree: new FolderTree(),
    modules: new Modules(),
    databases: new Databases(),
  };
  knownRoots.delete(rootDir);
  knownRoots.set(rootDir, known);
  const [oldest] = knownRoots.keys();
  if (knownRoots.size > maxKnownRoots) knownRoots.delete(oldest!);
  return known;
}

/**
 * Finds what tools may not touch below a run's root: databases, files with an environment, and what the server loads or
 * would load. Checks every folder and module at each call, because people may change them.
 *
 * @param givenRoot the run's root
 */
export async function guardOf(givenRoot: string, rules: FileRules): Promise<Guard> {
  const rootDir = realpathSync(givenRoot);
  const { tree, modules, databases } = knownRoot(rootDir);
  const { envFiles, sources, databases: named, folders } = await tree.list(rootDir);
  const entries = [...rules.entries, ...preloadsIn(process.cwd())];
  const reachable = modules.reachable(rootDir, sources, entries);
  const hidden = [...new Set([...envFiles, ...databases.among(named)].flatMap(realPath))];
  const importing = reachable.map((path) => ({
    path,
    packages: modules.packagesOf(path),
    folders: modules.foldersOf(path),
  }));
  const loaded = loadedWith(rootDir, importing, process.cwd());
  const writable = rules.writable.map((path) => resolve(rootDir, path));
  const isKept = (path: string) => !writable.some((folder) => isBelow(path, folder));
  return {
    hidden: [...hidden, ...(await otherNames([...hidden, ...rules.privatePaths()], folders))],
    readOnly: loaded.existing.filter(isKept),
    watched: loaded.watched.filter(isKept),
    repositories: loaded.repositories.filter((path) => isKept(join(path, "config"))),
    writable: writable.filter((path) => isBelow(path, rootDir)),
  };
}

function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch (error) {
    throwIfExhausted(error);
    throwIfLocked(error, path);
    return [];
  }
}

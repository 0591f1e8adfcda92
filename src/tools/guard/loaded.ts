import { existsSync, lstatSync, realpathSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { isBelow } from "../sandbox/index.ts";
import { moduleEndings } from "./modules.ts";

/** What the server loads from below a root, or would load if it were there. */
export interface Loaded {
  /** Files and folders that exist. */
  readonly existing: readonly string[];
  /** Paths where nothing is, or a link. A mount cannot keep those as they are. */
  readonly watched: readonly string[];
}

/** Next to a module, and in the folders above it: what decides what the module's imports mean. */
const settings = ["package.json", "tsconfig.json", "jsconfig.json", "bunfig.toml", ".npmrc", "node_modules"];

/** What git runs, or reads what it runs from. */
const ofGit = [".git/hooks", ".git/config", ".git/config.worktree"];

/** What Bun takes into its environment where it starts. */
const environments = ["", ".development", ".production", ".test"].flatMap((mode) => [
  `.env${mode}`,
  `.env${mode}.local`,
]);

/**
 * What the server loads with these modules.
 *
 * @param modules below the root
 * @param startDir where the server was started
 */
export function loadedWith(rootDir: string, modules: readonly string[], startDir: string): Loaded {
  const folders = new Set<string>();
  const starts = isBelow(startDir, rootDir) ? [startDir] : [];
  for (const start of [...modules.map(dirname), ...starts]) {
    for (let folder = start; isBelow(folder, rootDir) && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
      if (folder === dirname(folder)) break;
    }
  }
  const existing = new Set<string>();
  const watched = new Set<string>();
  const add = (path: string, isWatched: boolean) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() || stats?.isDirectory()) return void existing.add(path);
    if (isWatched || stats) watched.add(path);
    if (stats?.isSymbolicLink()) addTarget(path, rootDir, existing);
  };
  for (const folder of folders) {
    for (const name of settings) add(join(folder, name), true);
    const git = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
    if (git?.isDirectory()) for (const path of ofGit) add(join(folder, path), true);
    // A worktree's `.git` is a file that says where the repository is.
    else if (git) add(join(folder, ".git"), true);
  }
  for (const folder of starts) for (const name of environments) add(join(folder, name), true);
  for (const path of modules) {
    add(path, false);
    // An import that leaves out the ending could mean one of these.
    const stem = path.slice(0, -extname(path).length);
    for (const ending of moduleEndings) if (!existsSync(stem + ending)) watched.add(stem + ending);
  }
  return { existing: [...existing, ...crowded(modules, rootDir)], watched: [...watched] };
}

/** Each file that is protected takes time at the start of a command, so many are protected by their folder. */
const maxModulesPerFolder = 20;

/** The folders below the root with more modules than that. */
function crowded(modules: readonly string[], rootDir: string): string[] {
  const counts = new Map<string, number>();
  for (const folder of modules.map(dirname)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  return [...counts]
    .filter(([folder, count]) => count > maxModulesPerFolder && folder !== rootDir)
    .map(([folder]) => folder);
}

function addTarget(link: string, rootDir: string, existing: Set<string>): void {
  try {
    const target = realpathSync(link);
    if (isBelow(target, rootDir)) existing.add(target);
  } catch {
    // It leads nowhere.
  }
}

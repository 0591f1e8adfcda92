import { existsSync, lstatSync, realpathSync } from "node:fs";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { isBelow } from "../sandbox/index.ts";
import { gitFiles } from "./git-files.ts";
import { type ImportingModule, importPathsOf } from "./import-settings.ts";
import { moduleEndings } from "./modules.ts";

/** What the server loads from below a root, or would load if it existed. */
export interface Loaded {
  /** Files and folders that exist. */
  readonly existing: readonly string[];
  /** Paths where there is nothing, or a link. A mount cannot protect those. */
  readonly watched: readonly string[];
  /** Where a repository may be made, if it has git execute nothing. */
  readonly repositories: readonly string[];
}

/** Names, next to a module and in the folders above, of what decides where the module's imports lead. */
const settings = ["package.json", "tsconfig.json", "jsconfig.json", "bunfig.toml", ".npmrc", "node_modules"];

/** Files that Bun reads its environment from, in the folder where it starts. */
const environments = ["", ".development", ".production", ".test"].flatMap((mode) => [
  `.env${mode}`,
  `.env${mode}.local`,
]);

/**
 * Everything that the server loads with these modules.
 *
 * @param modules below the root
 * @param startDir where the server was started
 */
export function loadedWith(rootDir: string, modules: readonly ImportingModule[], startDir: string): Loaded {
  const paths = modules.map(({ path }) => path);
  const folders = new Set<string>();
  const starts = isBelow(startDir, rootDir) ? [startDir] : [];
  for (const start of [...paths.map(dirname), ...starts]) {
    for (let folder = start; isBelow(folder, rootDir) && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
      if (folder === dirname(folder)) break;
    }
  }
  const existing = new Set<string>(crowded(paths, rootDir));
  const isCovered = below([...existing]);
  const watched = new Set<string>();
  const repositories: string[] = [];
  const add = (path: string, isWatched: boolean) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() || stats?.isDirectory()) return void existing.add(path);
    if (isWatched || stats) watched.add(path);
    if (stats?.isSymbolicLink()) addTarget(path, rootDir, existing);
  };
  for (const folder of folders) {
    for (const name of settings) add(join(folder, name), !isCovered(folder));
    const git = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
    if (git?.isDirectory()) {
      for (const path of gitFiles(folder).filter((each) => isBelow(each, rootDir))) add(path, true);
    }
    // The `.git` of a worktree is a file with the path of the repository.
    else if (git) add(join(folder, ".git"), true);
    // A repository that is made inside of another one takes its place for whoever calls git here.
    else if (folder === rootDir && isInRepository(dirname(rootDir))) add(join(folder, ".git"), true);
    else if (folder === rootDir) repositories.push(join(folder, ".git"));
  }
  for (const folder of starts) for (const name of environments) add(join(folder, name), true);
  for (const path of [...programFoldersOf(startDir), ...homeSettings()]) {
    if (path !== rootDir && isBelow(path, rootDir)) add(path, true);
  }
  for (const path of modules.flatMap((each) => each.folders)) {
    if (path !== rootDir && isBelow(path, rootDir)) add(path, true);
  }
  const { extended, candidates } = importPathsOf(rootDir, modules);
  for (const path of extended) add(path, true);
  for (const path of candidates) if (!existsSync(path)) watched.add(path);
  for (const path of paths) {
    add(path, false);
    if (isCovered(dirname(path))) continue;
    // An import without an ending could lead to one of these.
    const stem = path.slice(0, -extname(path).length);
    for (const ending of moduleEndings) if (!existsSync(stem + ending)) watched.add(stem + ending);
  }
  return { existing: [...existing], watched: [...watched], repositories };
}

/**
 * The folders in which programs are looked up that the server executes outside of the sandbox: git, coding agents. The
 * start folder itself is none of them, because commands work there.
 */
function programFoldersOf(startDir: string): string[] {
  const folders = (process.env.PATH ?? "").split(":").map((folder) => resolve(startDir, folder));
  return folders.filter((folder) => folder !== startDir);
}

/** Settings in the home folder of the server's user that git and Bun read. */
function homeSettings(): string[] {
  const { HOME, XDG_CONFIG_HOME } = process.env;
  if (HOME === undefined || !isAbsolute(HOME)) return [];
  const config = XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(HOME, ".config");
  return [
    ...[".gitconfig", ".bunfig.toml", ".npmrc"].map((name) => join(HOME, name)),
    ...["git/config", "git/attributes", ".bunfig.toml"].map((name) => join(config, name)),
  ];
}

function isInRepository(folder: string): boolean {
  if (existsSync(join(folder, ".git"))) return true;
  return folder !== dirname(folder) && isInRepository(dirname(folder));
}

/** Each protected file takes time at the start of a command. A folder with more modules is protected as a whole. */
const maxModulesPerFolder = 20;

/** Folders below the root with too many modules to protect one by one. */
function crowded(modules: readonly string[], rootDir: string): string[] {
  const counts = new Map<string, number>();
  for (const folder of modules.map(dirname)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  return [...counts]
    .filter(([folder, count]) => count > maxModulesPerFolder && folder !== rootDir)
    .map(([folder]) => folder);
}

/** Tells whether a folder is one of the given ones, which are read-only as a whole, or lies in one: nothing is made there. */
function below(folders: readonly string[]): (folder: string) => boolean {
  const known = new Map<string, boolean>(folders.map((folder) => [folder, true]));
  const isBelowOne = (folder: string): boolean => {
    const found = known.get(folder) ?? (folder !== dirname(folder) && isBelowOne(dirname(folder)));
    known.set(folder, found);
    return found;
  };
  return isBelowOne;
}

function addTarget(link: string, rootDir: string, existing: Set<string>): void {
  try {
    const target = realpathSync(link);
    if (isBelow(target, rootDir)) existing.add(target);
  } catch {
    // The link is broken.
  }
}

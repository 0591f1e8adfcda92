import { existsSync, lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isLockedFolder, readRegularFile, unlockFolder } from "../../files/index.ts";

/** What git executes in every repository, and the settings that tell it what to execute. */
const names = ["hooks", "config", "config.worktree", "commondir"];

const maxBytes = 1024 ** 2;

/** Deeper folders in `.git/modules` are not looked at. */
const maxDepth = 8;

/**
 * What git executes in a folder with a repository and in its submodules, and the settings that tell it what to execute.
 * Not all of it exists.
 */
export function gitFiles(folder: string): string[] {
  const gitDir = join(folder, ".git");
  isReadableFolder(gitDir);
  const repositories = [gitDir, ...repositoriesIn(join(gitDir, "modules"), maxDepth)];
  return repositories.flatMap((each) => [...names.map((name) => join(each, name)), ...namedIn(each, folder)]);
}

/** The folders of submodules; the name of a submodule may contain slashes. */
function repositoriesIn(folder: string, depth: number): string[] {
  if (depth === 0 || !isReadableFolder(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(folder, name);
      isReadableFolder(path);
      return existsSync(join(path, "HEAD"))
        ? [path, ...repositoriesIn(join(path, "modules"), depth - 1)]
        : repositoriesIn(path, depth - 1);
    });
}

/** Whether there is a folder. One that a command has made unreadable is made readable again. */
function isReadableFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return false;
  if (isLockedFolder(stats, 0o500)) unlockFolder(path, 0o500);
  return true;
}

/** The folder of hooks and the further settings that the settings of a repository name. */
function namedIn(repository: string, workTree: string): string[] {
  const text = readRegularFile(join(repository, "config"), maxBytes)?.toString() ?? "";
  return [...text.matchAll(/^[ \t]*(hooksPath|path)[ \t]*=[ \t]*"?([^"\n;#]+)/gim)].map(([, key, value]) => {
    const isHooks = key!.toLowerCase() === "hookspath";
    const path = resolve(isHooks ? workTree : repository, value!.trim());
    // husky's own folder, whose hooks execute what lies next to it.
    return isHooks && basename(path) === "_" ? dirname(path) : path;
  });
}

import { lstatSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isBelow } from "../sandbox/index.ts";
import { worktreeFailed } from "./git.ts";

/** Where a worktree lies. */
export interface WorktreePlace {
  /** Absolute, with links resolved. */
  readonly path: string;
  /** The run's root folder, with links resolved. */
  readonly rootDir: string;
  /** Whether it lies below the run's root folder, and not next to it. */
  readonly isInside: boolean;
}

/**
 * Finds the place of a worktree: below the run's root folder, or in the folder that holds the root folder.
 * @throws WORKTREE_FAILED when it lies elsewhere, or a link is on the way
 */
export function placeOfWorktree(givenRoot: string, path: string): WorktreePlace {
  const rootDir = realpathSync(givenRoot);
  // An author may name the root folder by a path with links in it.
  const named = isAbsolute(path) && isBelow(path, resolve(givenRoot)) ? relative(resolve(givenRoot), path) : path;
  const whole = resolve(rootDir, named);
  const isInside = whole !== rootDir && isBelow(whole, rootDir);
  const isBeside = whole !== rootDir && dirname(whole) === dirname(rootDir);
  if (!isInside && !isBeside) {
    const problem = `The worktree's path "${path}" must lie below the run's root folder or next to it, as "../name".`;
    throw worktreeFailed(problem, false);
  }
  const base = isInside ? rootDir : dirname(rootDir);
  let at = base;
  for (const name of relative(base, whole).split(sep)) {
    if (name === ".git") throw worktreeFailed(`The worktree's path "${path}" lies in a repository's .git.`, false);
    at = join(at, name);
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw worktreeFailed(`The worktree's path "${path}" leads through a link.`, false);
    }
  }
  return { path: whole, rootDir, isInside };
}

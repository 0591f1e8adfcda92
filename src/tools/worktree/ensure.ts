import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { WorktreeSpec } from "../../jsx/index.ts";
import { commandWatch } from "../guard/index.ts";
import { git, gitOutput, lastWords, worktreeFailed } from "./git.ts";
import { inTurn } from "./in-turn.ts";
import { placeOfWorktree, type WorktreePlace } from "./place.ts";
import { accessFor, listWorktrees, ownGitDir, type RepositoryAccess, refuseLinks, sharedGitDir } from "./repository.ts";
import { beginUse } from "./use.ts";

/** A worktree that a task works in. */
export interface UsedWorktree extends WorktreePlace {
  readonly repository: RepositoryAccess;
  /** Tells that the task has ended. */
  release(): void;
}

/**
 * Makes a worktree of the repository around the run's root folder, or uses the one that is there. What a crash has left
 * half made is made again.
 * @throws WORKTREE_FAILED
 */
export async function openWorktree(rootDir: string, spec: WorktreeSpec): Promise<UsedWorktree> {
  const place = placeOfWorktree(rootDir, spec.path);
  const gitDir = await sharedGitDir(place.rootDir);
  return inTurn(gitDir, async () => {
    // A command that runs may have made the repository, and settings in it that git would act on.
    await commandWatch().undoRunning();
    refuseLinks(gitDir, spec.branch);
    await makeWorktree(place, spec, gitDir);
    const own = ownGitDir(gitDir, place.path);
    if (own === undefined) throw worktreeFailed(`git does not know the worktree "${spec.path}".`, true);
    return { ...place, repository: accessFor(gitDir, own, spec.branch), release: beginUse(place.path) };
  });
}

async function makeWorktree({ path, rootDir }: WorktreePlace, spec: WorktreeSpec, gitDir: string): Promise<void> {
  const { branch } = spec;
  const listed = await listWorktrees(rootDir);
  const here = listed.find((one) => one.path === path);
  if (here && !here.isUnfinished && existsSync(path)) {
    if (here.branch === branch || branch === undefined) return;
    const is = here.branch === undefined ? "no branch" : `the branch "${here.branch}"`;
    const problem = `The worktree "${spec.path}" has ${is} checked out, not "${branch}". Give each branch a path of its own.`;
    throw worktreeFailed(problem, false);
  }
  if (here) {
    // No task has worked in it yet, or its folder is gone.
    await rm(path, { recursive: true, force: true });
    await gitOutput(rootDir, "worktree", "remove", "--force", "--force", path);
  } else if (existsSync(path) && !isEmptyFolder(path)) {
    const problem = `"${spec.path}" exists and is not a worktree of this repository. Remove it, or use another path.`;
    throw worktreeFailed(problem, false);
  }
  const elsewhere = branch === undefined ? undefined : listed.find((one) => one !== here && one.branch === branch);
  if (elsewhere) {
    const problem = `The branch "${branch}" is checked out in "${elsewhere.path}" already, and git checks out a branch only once.`;
    throw worktreeFailed(problem, false);
  }
  await add(rootDir, path, spec, gitDir);
}

async function add(rootDir: string, path: string, spec: WorktreeSpec, gitDir: string): Promise<void> {
  const { branch, baseBranch } = spec;
  const exists = branch !== undefined && (await hasCommit(rootDir, `refs/heads/${branch}`));
  const base = baseBranch ?? (branch === undefined ? "HEAD" : "main");
  if (!exists && !(await hasCommit(rootDir, base))) {
    throw worktreeFailed(`${gitDir} has no commit "${base}" to begin from; name one with baseBranch.`, false);
  }
  const how = branch === undefined ? ["--detach", path, base] : exists ? [path, branch] : ["-b", branch, path, base];
  const { code, err } = await git(rootDir, "worktree", "add", ...how);
  if (code !== 0) throw worktreeFailed(`The worktree "${spec.path}" could not be made: ${lastWords(err)}`, true);
}

async function hasCommit(rootDir: string, name: string): Promise<boolean> {
  return (await git(rootDir, "rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`)).code === 0;
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

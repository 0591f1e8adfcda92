import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { WorktreeSpec } from "../../jsx/index.ts";
import { commandWatch } from "../guard/index.ts";
import { git, gitAt, gitOutput } from "./git.ts";
import { inTurn } from "./in-turn.ts";
import { placeOfWorktree } from "./place.ts";
import { listWorktrees, ownGitDir, refuseLinks, sharedGitDir } from "./repository.ts";
import { isInUse } from "./use.ts";

/** What became of a worktree; its branch stays in any case. */
export interface RemovedWorktree {
  readonly removed: boolean;
  /** Why it was left alone; null when it is gone. */
  readonly reason: string | null;
}

const gone: RemovedWorktree = { removed: true, reason: null };
const kept = (reason: string): RemovedWorktree => ({ removed: false, reason });

/**
 * Removes a worktree, unless work in it would be lost.
 * @throws WORKTREE_FAILED
 */
export async function removeWorktree(rootDir: string, spec: WorktreeSpec): Promise<RemovedWorktree> {
  const place = placeOfWorktree(rootDir, spec.path);
  const gitDir = await sharedGitDir(place.rootDir);
  return inTurn(gitDir, async () => {
    const { path } = place;
    await commandWatch().undoRunning();
    refuseLinks(gitDir, spec.branch);
    if (!(await listWorktrees(place.rootDir)).some((one) => one.path === path)) return gone;
    if (existsSync(path)) {
      const reason = isInUse(path) ? "Another task works in it." : await whatWouldBeLost(gitDir, path, place.rootDir);
      if (reason !== undefined) return kept(reason);
      await rm(path, { recursive: true, force: true });
    }
    await gitOutput(place.rootDir, "worktree", "remove", "--force", "--force", path);
    return gone;
  });
}

/**
 * Why a worktree must stay; undefined when all of it is in the repository. Git is told where its files and settings are,
 * so it does not follow what a task may have written into the worktree, and it does not look into submodules.
 */
async function whatWouldBeLost(gitDir: string, path: string, rootDir: string): Promise<string | undefined> {
  const own = ownGitDir(gitDir, path);
  if (own === undefined) return "git does not know it.";
  if (existsSync(join(own, "config.worktree"))) return "It has settings of its own.";
  if (existsSync(join(own, "modules"))) return "It has submodules.";
  const at = { GIT_DIR: own, GIT_COMMON_DIR: gitDir, GIT_WORK_TREE: path };
  const status = await gitAt(at, path, "status", "--porcelain", "--ignore-submodules=all");
  if (status.code !== 0) return `Its state cannot be read: ${status.err.trim()}`;
  if (status.out !== "") return "It has changes that are not committed.";
  const onBranch = await gitAt(at, path, "symbolic-ref", "--quiet", "HEAD");
  if (onBranch.code === 0) return undefined;
  const head = await gitAt(at, path, "rev-parse", "HEAD");
  const refs = await git(rootDir, "for-each-ref", "--count=1", "--contains", head.out.trim());
  return head.code !== 0 || refs.code !== 0 || refs.out === "" ? "It has commits that no branch has." : undefined;
}

import { relative } from "node:path";
import type { TaskContext, WorktreeSpec } from "../../jsx/index.ts";
import { openWorktree, removeWorktree, type UsedWorktree } from "../../tools/worktree/index.ts";
import type { AttemptSettings } from "./settings.ts";

/** The run's settings as they are for a task in a worktree, and the worktree. */
export interface InWorktree {
  readonly rootDir: string;
  /** The worktree's folder below `rootDir`; "" when that is the worktree. */
  readonly below: string;
  readonly worktree: UsedWorktree | undefined;
}

/** Makes the worktree of a task, if it has one. @throws WORKTREE_FAILED */
export async function enterWorktree(
  { rootDir }: Pick<AttemptSettings, "rootDir">,
  spec: WorktreeSpec | undefined,
): Promise<InWorktree> {
  if (!spec) return { rootDir, below: "", worktree: undefined };
  const worktree = await openWorktree(rootDir, spec);
  // Another task can put a link in the place of what lies below the root, so it is entered from there, name by name.
  if (!worktree.isInside) return { rootDir: worktree.path, below: "", worktree };
  return { rootDir: worktree.rootDir, below: relative(worktree.rootDir, worktree.path), worktree };
}

/** Removes a worktree and says so, or why it stays. @throws WORKTREE_FAILED */
export async function leaveWorktree(spec: WorktreeSpec, context: TaskContext): Promise<unknown> {
  const { removed, reason } = await removeWorktree(context.rootDir, spec);
  const told = removed ? `Removed the worktree ${spec.path}.` : `Left the worktree ${spec.path} alone. ${reason}`;
  context.output(`${told}\n`, removed ? "stdout" : "stderr");
  return { removed, reason };
}

import { isAbsolute, join, normalize, relative, sep } from "node:path";
import { SmithersError } from "../../errors/index.ts";
import type { TaskContext, ToolAccess } from "../../jsx/index.ts";
import type { InWorktree } from "./worktree.ts";

type Access = Pick<TaskContext, "rootDir" | "narrowedTo" | "cwd" | "worktree" | "allowNetwork" | "allowedTools">;

/**
 * What the tools of a task may do: what the run allows, narrowed by the task. The folder is only named here; each
 * call of a tool opens it, so it may be made later.
 * @param allowNetwork whether the run allows it
 * @throws TOOL_PATH_ESCAPE when the task's folder is outside the run's
 */
export function accessOf(
  { rootDir, below, worktree }: InWorktree,
  allowNetwork: boolean,
  nodeId: string,
  task: ToolAccess | undefined,
): Access {
  const own = task?.rootDir === undefined ? "" : folderBelow(join(rootDir, below), task.rootDir, nodeId);
  const narrowedTo = below === "" || own === "" ? below + own : join(below, own);
  return {
    rootDir,
    narrowedTo,
    cwd: narrowedTo === "" ? rootDir : join(rootDir, narrowedTo),
    worktree,
    allowNetwork: allowNetwork && (task?.allowNetwork ?? true),
    allowedTools: task?.allow && new Set(task.allow),
  };
}

function folderBelow(rootDir: string, given: string, nodeId: string): string {
  const path = isAbsolute(given) ? relative(rootDir, given) : normalize(join(".", given));
  if (!isAbsolute(path) && path !== ".." && !path.startsWith(`..${sep}`)) return path === "." ? "" : path;
  throw new SmithersError(
    "TOOL_PATH_ESCAPE",
    `The tools.rootDir "${given}" of "${nodeId}" is outside the run's root folder.`,
    { details: { path: given } },
  );
}

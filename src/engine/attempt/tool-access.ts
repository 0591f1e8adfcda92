import { realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { SmithersError } from "../../errors/index.ts";
import type { TaskContext, ToolAccess } from "../../jsx/index.ts";

type Access = Pick<TaskContext, "rootDir" | "allowNetwork" | "allowedTools">;

/**
 * What the tools of a task may do: what the run allows, narrowed by the task.
 * @throws TOOL_PATH_ESCAPE when the task's folder is outside the run's, TOOL_FILE_FAILED when it does not exist
 */
export function accessOf(
  run: Pick<Access, "rootDir" | "allowNetwork">,
  nodeId: string,
  task: ToolAccess | undefined,
): Access {
  return {
    rootDir: task?.rootDir === undefined ? run.rootDir : folderBelow(run.rootDir, task.rootDir, nodeId),
    allowNetwork: run.allowNetwork && (task?.allowNetwork ?? true),
    allowedTools: task?.allow && new Set(task.allow),
  };
}

function folderBelow(rootDir: string, given: string, nodeId: string): string {
  const where = `The tools.rootDir "${given}" of "${nodeId}"`;
  let root: string;
  let folder: string;
  try {
    root = realpathSync(rootDir);
    folder = realpathSync(resolve(root, given));
  } catch (cause) {
    throw new SmithersError("TOOL_FILE_FAILED", `${where} cannot be opened.`, { cause, details: { path: given } });
  }
  if (folder !== root && !folder.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new SmithersError("TOOL_PATH_ESCAPE", `${where} is outside the run's root folder.`, {
      details: { path: given },
    });
  }
  if (!statSync(folder).isDirectory()) {
    throw new SmithersError("TOOL_FILE_FAILED", `${where} is not a folder.`, { details: { path: given } });
  }
  return folder;
}

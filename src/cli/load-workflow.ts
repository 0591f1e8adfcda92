import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { contain } from "../containment/index.ts";
import { SmithersError } from "../errors/index.ts";
import { type LoadedWorkflow, Loader } from "../loader/index.ts";
import type { Run } from "../model/index.ts";
import { throwWithMove } from "./errors.ts";

const loaders = new Map<string, Loader>();
let uncontain: (() => void) | undefined;

/**
 * The loader for the workflow files below a folder. What their code does to this process is contained from now on, until
 * `closeLoaders` is called, which also removes the shadow files.
 */
export function loaderOf(rootDir: string): Loader {
  uncontain ??= contain();
  const folder = realpathSync(rootDir);
  const known = loaders.get(folder) ?? new Loader({ rootDir: folder });
  loaders.set(folder, known);
  return known;
}

/**
 * Loads the workflow of a run.
 * @throws WORKFLOW_NOT_FOUND, WORKFLOW_INVALID
 */
export async function loadWorkflow(
  rootDir: string,
  { runId, workflowPath }: Pick<Run, "runId" | "workflowPath">,
): Promise<LoadedWorkflow> {
  try {
    if (workflowPath === null)
      throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${runId}" has no workflow file.`);
    return await loaderOf(rootDir).load(workflowPath);
  } catch (error) {
    throwWithMove(error, runId);
  }
}

/**
 * Loads the workflow of a file in any folder.
 * @throws WORKFLOW_NOT_FOUND, WORKFLOW_INVALID
 */
export async function loadFile(file: string): Promise<LoadedWorkflow> {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new SmithersError("WORKFLOW_NOT_FOUND", `There is no workflow file "${file}".`);
  return loaderOf(folder).load(basename(file));
}

/** Removes the shadow files of all loaders. Files' code is not contained any more. */
export async function closeLoaders(): Promise<void> {
  await Promise.all([...loaders.values()].map((loader) => loader.close()));
  uncontain?.();
  uncontain = undefined;
}

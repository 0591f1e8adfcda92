import { realpathSync, statSync } from "node:fs";
import { extname, isAbsolute, relative, resolve, sep } from "node:path";
import { SmithersError } from "../errors/index.ts";
import { maxSourceBytes } from "../runtime/index.ts";
import { everything, type Startable } from "./startable.ts";

/** A workflow file inside the root. */
export interface FoundFile {
  /** Absolute, with symbolic links resolved. */
  readonly file: string;
  /** Relative to the root, with `/` as the separator, as runs store it. */
  readonly path: string;
}

const endings: ReadonlySet<string> = new Set([".tsx", ".ts", ".jsx", ".js", ".mts", ".mjs"]);

/** Whether a file's name ends as a workflow file's may. */
export const isWorkflowFileName = (name: string): boolean => endings.has(extname(name));

/**
 * Resolves the path of a workflow file. Synchronously, for a run's start waits for it: these calls take microseconds, and
 * a promise for each of them ten times as long.
 * @throws INVALID_REQUEST, WORKFLOW_PATH_OUTSIDE_ROOT, WORKFLOW_NOT_ALLOWED, WORKFLOW_NOT_FOUND, WORKFLOW_INVALID
 */
export function findWorkflowFile(
  rootDir: string,
  given: string,
  { allows, reason }: Startable = everything,
): FoundFile {
  if (given.includes("\0")) {
    throw new SmithersError("INVALID_REQUEST", "The workflowPath contains a NUL character.", {
      details: { field: "workflowPath" },
    });
  }
  const wanted = resolve(rootDir, given);
  const file = existing(wanted);
  // Existing and missing files outside the root get the same answer, so that it does not reveal which files exist.
  if (!isInside(rootDir, file ?? wanted))
    throw new SmithersError("WORKFLOW_PATH_OUTSIDE_ROOT", `"${given}" is outside the root folder.`);
  const path = relative(rootDir, file ?? wanted)
    .split(sep)
    .join("/");
  if (!allows(path)) throw new SmithersError("WORKFLOW_NOT_ALLOWED", `"${given}" ${reason}.`);
  if (file === undefined) throw new SmithersError("WORKFLOW_NOT_FOUND", `There is no workflow file "${given}".`);
  const stats = statSync(file);
  if (!stats.isFile()) throw new SmithersError("WORKFLOW_NOT_FOUND", `"${given}" is not a file.`);
  if (!isWorkflowFileName(file)) {
    const message = `The name of a workflow file ends in ${[...endings].join(", ")}`;
    throw new SmithersError("WORKFLOW_INVALID", `"${given}" is not a workflow file. ${message}.`, {
      details: { file: path, message },
    });
  }
  if (stats.size > maxSourceBytes) {
    const message = `The file has ${stats.size} bytes; the limit is ${maxSourceBytes}`;
    throw new SmithersError("WORKFLOW_INVALID", `"${given}" is not loaded. ${message}.`, {
      details: { file: path, message },
    });
  }
  return { file, path };
}

function existing(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "ELOOP" || code === "EACCES")
      return undefined;
    throw error;
  }
}

function isInside(rootDir: string, path: string): boolean {
  const way = relative(rootDir, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

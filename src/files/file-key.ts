import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { SmithersError } from "../errors/index.ts";

/**
 * Names the file at a path: a copy of it has another name, and the same file keeps it when it is moved or changed.
 * @returns undefined when nothing is there
 * @throws DB_UNAVAILABLE for a link that leads nowhere, and in a folder that this user may not enter
 */
export function fileKey(path: string): string | undefined {
  const stats = statsOf(path);
  if (stats) return `${stats.ino}:${stats.birthtimeNs}`;
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  throw new SmithersError("DB_UNAVAILABLE", `${path} is a link to a file that does not exist.`);
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES") throw error;
    throw new SmithersError("DB_UNAVAILABLE", `The folder of ${path} may not be entered (EACCES).`, { cause: error });
  }
}

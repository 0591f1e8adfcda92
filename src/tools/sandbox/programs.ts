import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Folders of the system's own programs. Programs that confine commands are looked up only here: commands may be able to
 * write to other folders of PATH.
 */
export const systemPath = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/run/current-system/sw/bin",
];

/** The path of a program of the system; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of systemPath) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

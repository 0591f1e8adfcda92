import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Where the system's own programs lie. What confines commands is looked for nowhere else: a folder that PATH names may
 * be one that a command can write to.
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

/** The path of a program of the system. */
export function findProgram(name: string): string | undefined {
  for (const folder of systemPath) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // It is not there.
    }
  }
  return undefined;
}

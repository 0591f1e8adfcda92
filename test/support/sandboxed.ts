import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * The processes, by the host's numbers, that run in a folder: a command in a sandbox knows only its own numbers.
 * One that has ended but was not waited for counts as gone.
 */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return false;
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
      } catch {
        return false;
      }
    });
}

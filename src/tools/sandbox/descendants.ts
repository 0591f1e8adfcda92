import { readdirSync, readFileSync } from "node:fs";

/** The ids of a process and of all its descendants. Linux only. */
export function descendantsOf(pid: number): number[] {
  const found = [pid];
  for (let index = 0; index < found.length; index += 1) {
    try {
      for (const task of readdirSync(`/proc/${found[index]}/task`)) {
        const children = readFileSync(`/proc/${found[index]}/task/${task}/children`, "utf8").trim();
        if (children !== "") found.push(...children.split(" ").map(Number));
      }
    } catch {
      // It has ended in between.
    }
  }
  return found;
}

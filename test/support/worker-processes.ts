import { readFileSync } from "node:fs";

/** The process ids of a server's workers. */
export function workersOf(serverPid: number): number[] {
  return childrenOf(serverPid).filter(isWorker);
}

export function isWorker(pid: number): boolean {
  return textOf(`/proc/${pid}/cmdline`).includes("smithers\0worker");
}

function childrenOf(pid: number): number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).trim();
  return children === "" ? [] : children.split(" ").map(Number);
}

/** A process may end at any moment. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

import { readFileSync, writeFileSync } from "node:fs";

const file = "/proc/self/oom_score_adj";
/** How much more likely than its server a worker is chosen; the kernel's scale ends at 1000. */
const more = 300;
const most = 1_000;

/** Has the kernel end this process, and what it starts, before its server when memory runs out. Linux only. */
export function endFirstWithoutMemory(): void {
  try {
    const own = Number(readFileSync(file, "utf8"));
    writeFileSync(file, String(Math.min(own + more, most)));
  } catch {
    // Another system, or a sandbox that hides it: the kernel chooses by size alone.
  }
}

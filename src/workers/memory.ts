import { readFileSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";

const file = "/proc/self/oom_score_adj";
/** How much more likely than its server a worker is chosen; the kernel's scale ends at 1000. */
const more = 300;
const most = 1_000;
const megabyte = 1_048_576;
const leastLimitMb = 1_024;

/** Has the kernel end this process, and what it starts, before its server when memory runs out. Linux only. */
export function endFirstWithoutMemory(): void {
  try {
    const own = Number(readFileSync(file, "utf8"));
    writeFileSync(file, String(Math.min(own + more, most)));
  } catch {
    // Another system, or a sandbox that hides it: the kernel chooses by size alone.
  }
}

/** Most memory of one worker, in MB, where no option says it: half of what the machine or the container has. */
export function defaultWorkerMemoryMb(): number {
  // Without a limit of the container, the runtime says 0 or more than there is.
  const availableBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  return Math.max(leastLimitMb, Math.floor(availableBytes / megabyte / 2));
}

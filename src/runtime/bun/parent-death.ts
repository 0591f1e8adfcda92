const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
/** The number of prctl(2) per machine. */
const prctl: Partial<Record<NodeJS.Architecture, number>> = { x64: 157, arm64: 167 };

/** Implements {@link Runtime.endWithParent}. */
export async function endWithParent(): Promise<void> {
  const number = process.platform === "linux" ? prctl[process.arch] : undefined;
  const parent = process.ppid;
  if (number === undefined) return;
  const { systemCall } = await import("./kernel.ts");
  systemCall("prctl", number, PR_SET_PDEATHSIG, SIGKILL);
  // It may have ended before the call.
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}

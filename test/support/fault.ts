import { join } from "node:path";
import type { FaultPoint } from "../../src/store/index.ts";

/** What happens to a process, by its own hand, when it comes to a point of the code for the nth time. */
export interface Fault {
  readonly point: FaultPoint;
  readonly nth: number;
  /** SIGKILL ends it there, SIGSTOP pauses it there. */
  readonly signal: "SIGKILL" | "SIGSTOP";
}

export const faultPoints = [
  "before-commit",
  "after-commit",
  "before-launch",
  "mirror",
  "migration",
] as const satisfies FaultPoint[];

/** The environment that lets a server process meet a fault, or its workers where the point is theirs. */
export function faultEnv(fault: Fault | undefined): Record<string, string> {
  if (!fault) return {};
  const inWorkers = { BUN_OPTIONS: `--preload=${join(import.meta.dirname, "worker-fault.ts")}` };
  return { FAULT: JSON.stringify(fault), ...(fault.point === "before-launch" && inWorkers) };
}

/** Arms the fault that the environment names. */
export function armFault(): void {
  if (process.env.FAULT === undefined) return;
  const { point, nth, signal } = JSON.parse(process.env.FAULT) as Fault;
  let met = 0;
  const hook = (here: FaultPoint) => {
    if (here === point && ++met === nth) process.kill(process.pid, signal);
  };
  Object.assign(globalThis, { [Symbol.for("smithers.fault")]: hook });
}

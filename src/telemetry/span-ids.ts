import { createHash } from "node:crypto";
import type { Run } from "../model/index.ts";

/**
 * The ids of a run's spans follow from what is stored of it: a process that continues the run after a crash goes on
 * with the same trace.
 */
export function traceIdOf({ runId, createdAtMs }: Run): string {
  return digest("trace", runId, createdAtMs).slice(0, 32);
}

/** A failed run that is made to run again has one span for each time. */
export function runSpanId({ runId, createdAtMs, reopened }: Run): string {
  return digest("run", runId, createdAtMs, reopened).slice(0, 16);
}

export function attemptSpanId(run: Run, at: { nodeId: string; iteration: number; attempt: number }): string {
  return digest("attempt", run.runId, run.createdAtMs, at.nodeId, at.iteration, at.attempt).slice(0, 16);
}

function digest(...parts: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

import { createHash } from "node:crypto";
import type { Run } from "../model/index.ts";

/**
 * The trace id of a run. Ids of spans are derived from stored fields, so that a process that continues the run after a
 * crash continues the same trace.
 */
export function traceIdOf({ runId, createdAtMs }: Run): string {
  return digest("trace", runId, createdAtMs).slice(0, 32);
}

/** The id of a run's span. A failed run that is resumed gets another span each time. */
export function runSpanId({ runId, createdAtMs, reopened }: Run): string {
  return digest("run", runId, createdAtMs, reopened).slice(0, 16);
}

export function attemptSpanId(run: Run, at: { nodeId: string; iteration: number; attempt: number }): string {
  return digest("attempt", run.runId, run.createdAtMs, at.nodeId, at.iteration, at.attempt).slice(0, 16);
}

function digest(...parts: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

import { z } from "zod";
import type { Run } from "./entities.ts";

/** A running run whose owner has not beaten for this long is stale. */
export const staleAfterMs = 30_000;

export const runStateSchema = z.object({
  runId: z.string(),
  state: z.enum([
    "running",
    "waiting-approval",
    "waiting-event",
    "waiting-timer",
    "stale",
    "succeeded",
    "failed",
    "cancelled",
  ]),
  blocked: z
    .object({
      kind: z.enum(["approval", "event", "timer"]),
      nodeId: z.string(),
      iteration: z.number().int(),
      sinceMs: z.number().int(),
      firesAtMs: z.number().int().nullable().optional(),
      unblock: z.string().describe("the call that continues the run"),
    })
    .optional(),
  unhealthy: z.object({ reason: z.string(), heartbeatAtMs: z.number().int().nullable() }).optional(),
  computedAt: z.string().describe("ISO 8601"),
});
export type RunState = z.infer<typeof runStateSchema>;

/** Derives what a person wants to know of a run from its row; `nowMs` is the clock's time. */
export function deriveRunState(run: Run, nowMs: number, staleMs = staleAfterMs): RunState {
  const computedAt = new Date(nowMs).toISOString();
  const base = { runId: run.runId, computedAt };
  switch (run.status) {
    case "running": {
      const lastSign = run.heartbeatAtMs ?? run.createdAtMs;
      if (nowMs - lastSign <= staleMs) return { ...base, state: "running" };
      const reason = `No heartbeat for ${Math.round((nowMs - lastSign) / 1000)} s; the run is continued by the next server that sees it, or by /resume.`;
      return { ...base, state: "stale", unhealthy: { reason, heartbeatAtMs: run.heartbeatAtMs } };
    }
    case "finished":
    case "continued":
      return { ...base, state: "succeeded" };
    default:
      return { ...base, state: run.status };
  }
}

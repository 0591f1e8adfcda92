import { z } from "zod";
import type { Node, Run } from "./entities.ts";

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
      sinceMs: z.number().int().describe("milliseconds since the epoch"),
      event: z.string().optional().describe("the name of the signal that is awaited"),
      firesAtMs: z.number().int().nullable().optional(),
      timesOutAtMs: z.number().int().nullable().optional(),
      unblock: z.string().describe("the call that continues the run"),
    })
    .optional(),
  unhealthy: z.object({ reason: z.string(), heartbeatAtMs: z.number().int().nullable() }).optional(),
  computedAt: z.string().describe("ISO 8601"),
});
export type RunState = z.infer<typeof runStateSchema>;

/**
 * Derives what a person wants to know of a run from its row and, while it waits, the nodes that do;
 * `nowMs` is the clock's time.
 */
export function deriveRunState(run: Run, waiting: readonly Node[], nowMs: number, staleMs = staleAfterMs): RunState {
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
    case "waiting-approval":
    case "waiting-event":
    case "waiting-timer": {
      const node = waiting.find(({ state }) => state === run.status);
      return { ...base, state: run.status, ...(node ? { blocked: blockedBy(node) } : {}) };
    }
    default:
      return { ...base, state: run.status };
  }
}

function blockedBy({ runId, nodeId, iteration, state, startedAtMs, wakeAtMs, awaits }: Node): RunState["blocked"] {
  const at = { nodeId, iteration, sinceMs: startedAtMs ?? 0 };
  const path = `POST /v1/runs/${runId}`;
  if (state === "waiting-approval") {
    const node = `${path}/nodes/${encodeURIComponent(nodeId)}`;
    return { kind: "approval", ...at, timesOutAtMs: wakeAtMs, unblock: `${node}/approve or ${node}/deny` };
  }
  if (state === "waiting-event") {
    const unblock = `${path}/signals/${encodeURIComponent(awaits ?? "")}`;
    return { kind: "event", ...at, timesOutAtMs: wakeAtMs, event: awaits ?? "", unblock };
  }
  const firesAt = wakeAtMs === null ? "" : ` at ${new Date(wakeAtMs).toISOString()}`;
  return { kind: "timer", ...at, firesAtMs: wakeAtMs, unblock: `none: it continues by itself${firesAt}` };
}

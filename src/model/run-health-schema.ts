import { z } from "zod";

export const runHealthSchema = z.object({
  runId: z.string(),
  state: z.enum([
    "running",
    "waiting-approval",
    "waiting-event",
    "waiting-timer",
    "waiting-quota",
    "stale",
    "succeeded",
    "failed",
    "cancelled",
  ]),
  blocked: z
    .object({
      kind: z.enum(["approval", "event", "timer", "quota"]),
      nodeId: z.string(),
      iteration: z.number().int(),
      sinceMs: z.number().int().describe("milliseconds since the epoch"),
      event: z.string().optional().describe("name of the awaited signal"),
      correlationId: z.string().nullable().optional().describe("correlation id that the signal must have"),
      firesAtMs: z.number().int().nullable().optional(),
      timesOutAtMs: z.number().int().nullable().optional(),
      retryAtMs: z.number().int().nullable().optional().describe("when the refusing provider is asked again"),
      childRunId: z
        .string()
        .optional()
        .describe("id of the run that waits, when it is that of the node, which is a subflow, or of one in it"),
      childNodeId: z.string().optional().describe("id of the node in that run that waits"),
      unblock: z.string().describe("the call that continues the run"),
    })
    .optional()
    .describe("what the run waits for; of several waits, the oldest"),
  unhealthy: z
    .object({
      kind: z.enum(["stale", "retrying", "not-continued", "blocking"]),
      reason: z.string().describe("explanation for a person"),
      unblock: z.string().optional().describe("what continues the run; absent while it is being retried"),
      code: z
        .string()
        .optional()
        .describe("error code of what keeps the run from continuing, for example of its workflow file"),
      sinceMs: z.number().int().optional().describe("milliseconds since the epoch"),
      heartbeatAtMs: z.number().int().nullable(),
      nodeId: z.string().optional(),
      iteration: z.number().int().optional(),
      failures: z.number().int().optional().describe("failed and lost attempts of that node"),
      nextAttemptAtMs: z.number().int().nullable().optional(),
    })
    .optional()
    .describe("why the run does not progress as it should"),
  queued: z
    .object({
      sinceMs: z.number().int().describe("milliseconds since the epoch"),
      reason: z.string().describe("explanation for a person"),
    })
    .optional()
    .describe("tasks of the running run wait for a free place among the attempts of a server"),
  computedAt: z.string().describe("ISO 8601"),
});
export type RunHealth = z.infer<typeof runHealthSchema>;

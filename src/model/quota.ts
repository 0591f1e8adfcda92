import { z } from "zod";
import type { Node } from "./entities.ts";

/** How long a node has waited for providers that refuse. It is stored in the details of the node's error. */
export const quotaWaitSchema = z.object({
  /** Number of waits, from 1. */
  waits: z.number().int(),
  /** Length of all waits together, in milliseconds. */
  waitedMs: z.number(),
  /** When the first wait began, in milliseconds since the epoch. */
  sinceMs: z.number().int(),
});
export type QuotaWait = z.infer<typeof quotaWaitSchema>;

/** The waits of a node for providers that refuse; undefined when there were none. */
export function quotaOf({ error }: Pick<Node, "error">): QuotaWait | undefined {
  const parsed = z.object({ quota: quotaWaitSchema }).safeParse(error?.details);
  return parsed.success ? parsed.data.quota : undefined;
}

/** Whether a node is not run again yet because the providers of its agents refuse. */
export function isQuotaWait({ state, wakeAtMs, error }: Pick<Node, "state" | "wakeAtMs" | "error">): boolean {
  return state === "pending" && wakeAtMs !== null && error?.code === "QUOTA_EXCEEDED";
}

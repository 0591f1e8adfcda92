import { readField } from "../errors/index.ts";
import type { Node } from "./entities.ts";

/** How long a node has waited for providers that refuse. It is stored in the details of the node's error. */
export interface QuotaWait {
  /** Number of waits, from 1. */
  readonly waits: number;
  /** Length of all waits together, in milliseconds. */
  readonly waitedMs: number;
  /** When the first wait began, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/**
 * The waits of a node for providers that refuse; undefined when there were none. The details of an error that a task
 * throws may be anything.
 */
export function quotaOf({ error }: Pick<Node, "error">): QuotaWait | undefined {
  const quota = readField(error?.details, "quota");
  const waits = readField(quota, "waits");
  const waitedMs = readField(quota, "waitedMs");
  const sinceMs = readField(quota, "sinceMs");
  return isInteger(waits) && Number.isFinite(waitedMs) && isInteger(sinceMs)
    ? { waits, waitedMs: waitedMs as number, sinceMs }
    : undefined;
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

/** Whether a node is not run again yet because the providers of its agents refuse. */
export function isQuotaWait({ state, wakeAtMs, error }: Pick<Node, "state" | "wakeAtMs" | "error">): boolean {
  return state === "pending" && wakeAtMs !== null && error?.code === "QUOTA_EXCEEDED";
}

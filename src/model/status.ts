import { z } from "zod";

/** The words a run's `status` column may hold. */
export const runStatusSchema = z.enum([
  "running",
  "waiting-approval",
  "waiting-event",
  "waiting-timer",
  "finished",
  "failed",
  "cancelled",
  "continued",
]);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The words a node's `state` column may hold. */
export const nodeStateSchema = z.enum([
  "pending",
  "in-progress",
  "waiting-approval",
  "waiting-event",
  "waiting-timer",
  "finished",
  "failed",
  "cancelled",
  "skipped",
]);
export type NodeState = z.infer<typeof nodeStateSchema>;

export type WaitingState = Extract<NodeState, `waiting-${string}`>;

const ended: ReadonlySet<RunStatus> = new Set(["finished", "failed", "cancelled", "continued"]);
const endedForGood: ReadonlySet<RunStatus> = new Set(["finished", "cancelled", "continued"]);
const settled: ReadonlySet<NodeState> = new Set(["finished", "failed", "cancelled", "skipped"]);

/** No owner executes it. A failed run has ended, yet may be resumed. */
export const hasEnded = (status: RunStatus): boolean => ended.has(status);

/** It can never be resumed. */
export const hasEndedForGood = (status: RunStatus): boolean => endedForGood.has(status);

export const isWaiting = (state: RunStatus | NodeState): state is WaitingState => state.startsWith("waiting-");

/** Nothing more happens to the node by itself. */
export const isSettled = (state: NodeState): boolean => settled.has(state);

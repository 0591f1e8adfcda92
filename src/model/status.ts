import { z } from "zod";

/** The values of a run's `status`. */
export const runStatusSchema = z.enum([
  "running",
  "waiting-approval",
  "waiting-event",
  "waiting-timer",
  "waiting-quota",
  "finished",
  "failed",
  "cancelled",
  "continued",
]);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The values of a node's `state`. */
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

export type WaitingState = Extract<RunStatus | NodeState, `waiting-${string}`>;

const settled: ReadonlySet<NodeState> = new Set(["finished", "failed", "cancelled", "skipped"]);

export const isWaiting = <S extends RunStatus | NodeState>(state: S): state is Extract<S, WaitingState> =>
  state.startsWith("waiting-");

/** Whether the node has reached a final state. Only a person's retry changes it. */
export const isSettled = (state: NodeState): boolean => settled.has(state);

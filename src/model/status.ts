/** The values of a run's `status`. */
export const runStatuses = [
  "running",
  "waiting-approval",
  "waiting-event",
  "waiting-timer",
  "waiting-quota",
  "finished",
  "failed",
  "cancelled",
  "continued",
] as const;
export type RunStatus = (typeof runStatuses)[number];

/** The values of a node's `kind`. */
export const nodeKinds = ["static", "compute", "agent", "approval", "event", "timer", "subflow"] as const;
export type NodeKind = (typeof nodeKinds)[number];

/** The values of a node's `state`. */
export const nodeStates = [
  "pending",
  "in-progress",
  "waiting-approval",
  "waiting-event",
  "waiting-timer",
  "finished",
  "failed",
  "cancelled",
  "skipped",
] as const;
export type NodeState = (typeof nodeStates)[number];

export type WaitingState = Extract<RunStatus | NodeState, `waiting-${string}`>;

const settled: ReadonlySet<NodeState> = new Set(["finished", "failed", "cancelled", "skipped"]);

export const isWaiting = <S extends RunStatus | NodeState>(state: S): state is Extract<S, WaitingState> =>
  state.startsWith("waiting-");

/** Whether the node has reached a final state. Only a person's retry changes it. */
export const isSettled = (state: NodeState): boolean => settled.has(state);

import type { Node } from "./entities.ts";
import { noWake } from "./moment.ts";

/** The fields of a node that has not begun. */
export const notBegun = {
  state: "pending",
  failures: 0,
  lostAttempts: 0,
  startedAtMs: null,
  finishedAtMs: null,
  ...noWake,
  awaits: null,
  correlationId: null,
  error: null,
} as const satisfies Partial<Node>;

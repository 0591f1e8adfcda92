import type { EventType } from "./events.ts";
import type { RunStatus } from "./status.ts";

// Without Zod: the HTTP client, which is also bundled for browsers, imports this file alone.

const terminal: ReadonlySet<EventType> = new Set(["RunFinished", "RunFailed", "RunCancelled", "RunContinuedAsNew"]);
const ended: ReadonlySet<RunStatus> = new Set(["finished", "failed", "cancelled", "continued"]);
const endedForGood: ReadonlySet<RunStatus> = new Set(["finished", "cancelled", "continued"]);

/** Whether a stream of the run's events closes after this event. */
export const isTerminalEvent = (type: EventType): boolean => terminal.has(type);

/** Whether nothing follows this event: the run has ended and can never be resumed. */
export const isLastEvent = (type: EventType): boolean => type !== "RunFailed" && isTerminalEvent(type);

/** Whether the run has ended. A failed run has ended, but can be resumed. */
export const hasEnded = (status: RunStatus): boolean => ended.has(status);

/** Whether the run has ended and can never be resumed. */
export const hasEndedForGood = (status: RunStatus): boolean => endedForGood.has(status);

import type { CommittedTurn, Logger } from "../engine/index.ts";
import type { ErrorRecord } from "../errors/index.ts";
import { type CommittedEvent, placeOfError, placeText } from "../model/index.ts";

/** Logs the events of runs that an operator needs; errors are logged with their turn. */
export function logEvents(log: Logger, events: readonly CommittedEvent[]): void {
  for (const { runId, event } of events) {
    switch (event.type) {
      case "RunStarted":
        log.info({ runId, workflow: event.workflowName }, "run started");
        break;
      case "RunFinished":
        log.info({ runId }, "run finished");
        break;
      case "RunCancelled":
        log.info({ runId }, "run cancelled");
        break;
      case "RunAutoResumed":
        log.info({ runId }, "run taken over");
        break;
      case "WorkflowReloaded":
        log.info({ runId, workflowHash: event.workflowHash }, "workflow reloaded");
        break;
    }
  }
}

/** Logs the errors that a turn recorded. Their stacks are part of the turn, but of no event. */
export function logErrors(log: Logger, { events, record }: Pick<CommittedTurn, "events" | "record">): void {
  for (const { runId, event } of events) {
    if (event.type === "RunFailed") log.warn({ runId, err: told(event.error, record.stack) }, "run failed");
    if (event.type !== "NodeRetrying" && event.type !== "NodeFailed") continue;
    const { nodeId, iteration, attempt, error } = event;
    const ended = record.endedAttempts.find((one) => one.nodeId === nodeId && one.iteration === iteration);
    const facts = { runId, nodeId, iteration, attempt, err: told(error, ended?.stack) };
    if (event.type === "NodeFailed") log.warn(facts, "node failed");
    else log.info({ ...facts, delayMs: event.delayMs }, "attempt failed and will be retried");
  }
}

/** The error without its details, which may contain a task's whole output; only the place is kept. */
function told(error: ErrorRecord, stack: string | null = null) {
  const { code, message } = error;
  const at = placeOfError(error);
  return { code, message, ...(at && { at: placeText(at) }), ...(stack !== null && { stack }) };
}

import type { Logger } from "../engine/index.ts";
import type { ErrorRecord } from "../errors/index.ts";
import type { CommittedEvent } from "../model/index.ts";

/** Logs the events of runs that an operator needs. */
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
      case "RunFailed":
        log.warn({ runId, err: plain(event.error) }, "run failed");
        break;
      case "RunAutoResumed":
        log.info({ runId }, "run taken over");
        break;
      case "WorkflowReloaded":
        log.info({ runId, workflowHash: event.workflowHash }, "workflow reloaded");
        break;
      case "NodeRetrying":
      case "NodeFailed": {
        const { nodeId, iteration, attempt, error } = event;
        const facts = { runId, nodeId, iteration, attempt, err: plain(error) };
        if (event.type === "NodeFailed") log.warn(facts, "node failed");
        else log.info({ ...facts, delayMs: event.delayMs }, "attempt failed and will be retried");
        break;
      }
    }
  }
}

/** Drops the details, which may contain a task's whole output. */
function plain({ code, message }: ErrorRecord): ErrorRecord {
  return { code, message };
}

import type { styleText } from "node:util";
import { placeOfError, placeText, type SmithersEvent } from "../../model/index.ts";
import { manyLines, oneLine } from "../../text/printable.ts";
import { clockTime, duration } from "./format.ts";

type Style = (style: Parameters<typeof styleText>[0], text: string) => string;

/** An event as a log line for people; undefined for events that only programs need. */
export function eventLine(event: SmithersEvent, style: Style): string | undefined {
  const text = textOf(event, style);
  if (text === undefined) return undefined;
  const node = "nodeId" in event ? `${style("bold", oneLine(nameOf(event)))} ` : "";
  return `${style("dim", clockTime(event.timestampMs).slice(11))} ${node}${text}`;
}

function budgetText({ budget, of, used, limit, action }: Extract<SmithersEvent, { type: "BudgetExceeded" }>): string {
  const amount = budget === "tokens" ? `${used} of ${limit} tokens` : `${duration(used)} of ${duration(limit)}`;
  const who = of === "task" ? "it has used" : "the tasks of its <Aspects> have used";
  return `budget exceeded (${action}): ${who} ${amount}`;
}

/** A node's name for people; with its iteration, from the second one on. */
export function nameOf({ nodeId, iteration }: { nodeId: string; iteration: number }): string {
  return iteration === 0 ? nodeId : `${nodeId}#${iteration}`;
}

function textOf(event: SmithersEvent, style: Style): string | undefined {
  switch (event.type) {
    case "RunStarted":
      return `run ${event.runId} started`;
    case "RunFinished":
      return style("green", "run finished");
    case "RunFailed":
      return style("red", `run failed${atPlace(event.error)}: ${oneLine(event.error.message)}`);
    case "RunCancelled":
      return style("magenta", "run cancelled");
    case "RunContinuedAsNew":
      return `run continued as ${event.newRunId}`;
    case "RunAutoResumed":
      return "run recovered from a process that has died";
    case "NodeStarted":
      return event.attempt === 1 ? style("cyan", "started") : style("cyan", `started, attempt ${event.attempt}`);
    case "NodeFinished":
      return style("green", event.cached ? "finished (cached)" : "finished");
    case "NodeFailed":
      return style("red", `failed${atPlace(event.error)}: ${oneLine(event.error.message)}`);
    case "NodeRetrying":
      return style(
        "yellow",
        `failed${atPlace(event.error)}, retrying in ${duration(event.delayMs)}: ${oneLine(event.error.message)}`,
      );
    case "NodeCancelled":
      return style("magenta", "cancelled");
    case "NodeSkipped":
      return style("dim", "skipped");
    case "NodeWaitingApproval":
      return style("yellow", "waiting for an approval");
    case "NodeWaitingEvent": {
      const which = event.correlationId === null ? "" : ` (${oneLine(event.correlationId)})`;
      return style("yellow", `waiting for the signal ${oneLine(event.eventName)}${which}`);
    }
    case "NodeWaitingTimer":
      return style(
        "yellow",
        `waiting ${duration(event.firesAtMs - event.timestampMs)}, until ${clockTime(event.firesAtMs)}`,
      );
    case "NodeWaitingQuota":
      return style("yellow", `waiting until ${clockTime(event.retryAtMs)}: ${oneLine(event.error.message)}`);
    case "AgentPrompted":
      return style("dim", `asks ${oneLine(event.agent)}`);
    case "AgentFailed":
      return style("yellow", `${oneLine(event.agent)} failed: ${oneLine(event.error.message)}`);
    case "BudgetExceeded":
      return style("yellow", budgetText(event));
    case "NodeOutput":
      return manyLines(event.text).trimEnd();
    case "ApprovalGranted":
      return `${style("green", "approved")}${by(event)}`;
    case "ApprovalDenied":
      return `${style("red", "denied")}${by(event)}`;
    case "SignalReceived":
      return `signal ${oneLine(event.signalName)} received`;
    case "ToolCallStarted":
      return style("dim", `calls ${event.toolName}`);
    case "ToolCallFinished":
      return event.ok ? undefined : style("red", `${event.toolName} failed: ${oneLine(event.error?.message ?? "")}`);
    case "TaskHeartbeatTimeout":
      return style("red", "sent no heartbeat in time");
    case "WorkflowReloaded":
      return "workflow reloaded after an edit";
    default:
      return undefined;
  }
}

/** Where an error was thrown, as ` at release.tsx:12:7`; empty when that is not known. */
export function atPlace(error: { readonly details?: unknown }): string {
  const at = placeOfError(error);
  return at ? ` at ${oneLine(placeText(at))}` : "";
}

function by({ decidedBy, note }: { decidedBy: string | null; note: string | null }): string {
  return `${decidedBy === null ? "" : ` by ${oneLine(decidedBy)}`}${note === null ? "" : `: ${oneLine(note)}`}`;
}

import type { ApprovalItem, NodeItem, RunDetail } from "../../api/index.ts";
import type { SmithersEvent } from "../../model/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import type { Source } from "../source/source.ts";
import type { Reason } from "./reason.ts";
import { notContinued } from "./stuck.ts";

/** A node's last wait, from its event. */
interface Wait {
  readonly event: Extract<SmithersEvent, { type: `NodeWaiting${string}` }>;
  /** Whether its decision or its signal has arrived. */
  hasCome: boolean;
}

/** The last wait of each node. */
async function waitsOf(source: Source, runId: string): Promise<Map<string, Wait>> {
  const found = new Map<string, Wait>();
  for await (const event of source.events(runId, 0, false)) {
    switch (event.type) {
      case "NodeWaitingApproval":
      case "NodeWaitingEvent":
      case "NodeWaitingTimer":
      case "NodeWaitingQuota":
        found.set(keyOf(event), { event, hasCome: false });
        break;
      case "ApprovalGranted":
      case "ApprovalDenied": {
        const wait = found.get(keyOf(event));
        if (wait) wait.hasCome = true;
        break;
      }
      case "SignalReceived":
        for (const wait of found.values()) wait.hasCome ||= takes(wait, event);
    }
  }
  return found;
}

function takes({ event }: Wait, signal: Extract<SmithersEvent, { type: "SignalReceived" }>): boolean {
  if (event.type !== "NodeWaitingEvent") return false;
  return event.eventName === signal.signalName && event.correlationId === signal.correlationId;
}

/** The reasons of the waiting nodes; a subflow's are those of its run. */
export async function waitReasons(source: Source, { run, nodes, approvals }: RunOverview): Promise<Reason[]> {
  const waiting = nodes.filter(
    ({ state, error, childRunId }) =>
      childRunId === undefined &&
      (state.startsWith("waiting-") || (state === "pending" && error?.code === "QUOTA_EXCEEDED")),
  );
  if (waiting.length === 0) return [];
  const waits = await waitsOf(source, run.runId);
  return Promise.all(
    waiting.map((node) => {
      const approval = approvals.find((one) => keyOf(one) === keyOf(node));
      return waitReason(run, node, waits.get(keyOf(node)), approval);
    }),
  );
}

const keyOf = ({ nodeId, iteration }: { nodeId: string; iteration: number }) => `${iteration}:${nodeId}`;

async function waitReason(
  { runId, runState: { unhealthy } }: RunDetail,
  node: NodeItem,
  wait: Wait | undefined,
  approval: ApprovalItem | undefined,
): Promise<Reason> {
  const { nodeId, iteration, startedAtMs, state } = node;
  const at = { nodeId, iteration, sinceMs: startedAtMs };
  const over = wait && overBecause(nodeId, wait);
  if (over !== undefined) return notContinued(runId, at, over, unhealthy);
  if (state === "waiting-approval") return { ...at, ...(await decisionNeeded(runId, node, approval)) };
  if (wait?.event.type === "NodeWaitingTimer") {
    const what = `"${nodeId}" is waiting until ${new Date(wait.event.firesAtMs).toISOString()}. A server, or resume, then continues by itself.`;
    return { kind: "timer", ...at, what, commands: [["resume", runId]] };
  }
  if (wait?.event.type === "NodeWaitingQuota") {
    const until = new Date(wait.event.retryAtMs).toISOString();
    const what = `"${nodeId}" is waiting until ${until}, because the providers of its agents refuse: ${wait.event.error.message} A server, or resume, then continues by itself.`;
    return { kind: "quota", ...at, what, commands: [["resume", runId]] };
  }
  return { ...at, ...(await signalNeeded(runId, nodeId, wait)) };
}

/** Why a wait is over, although its run has not taken that in. */
function overBecause(nodeId: string, { event, hasCome }: Wait): string | undefined {
  if (hasCome) {
    return event.type === "NodeWaitingApproval"
      ? `"${nodeId}" has been decided`
      : `The signal for "${nodeId}" has arrived`;
  }
  const nowMs = Date.now();
  if (event.type === "NodeWaitingTimer") return event.firesAtMs <= nowMs ? `The timer "${nodeId}" is due` : undefined;
  if (event.type === "NodeWaitingQuota") {
    return event.retryAtMs <= nowMs ? `The providers of "${nodeId}" may serve again` : undefined;
  }
  return (event.timesOutAtMs ?? nowMs + 1) <= nowMs ? `The time limit of "${nodeId}" has passed` : undefined;
}

type Need = Pick<Reason, "kind" | "what" | "commands">;

async function decisionNeeded(
  runId: string,
  { nodeId, iteration }: NodeItem,
  approval: ApprovalItem | undefined,
): Promise<Need> {
  const turn = iteration === 0 ? [] : ["--iteration", String(iteration)];
  const requestTitle = approval?.requestTitle;
  const title = requestTitle && requestTitle !== nodeId ? `: "${requestTitle}"` : "";
  const summary = approval?.requestSummary ? ` (${approval.requestSummary})` : "";
  const ways = await choices(approval);
  const isAnswer = approval?.mode === "answer";
  const refused = approval?.lastError ? ` ${approval.lastError.message}` : "";
  return {
    kind: "approval",
    what: `"${nodeId}" is waiting for ${isAnswer ? "an answer" : "a decision"}${title}${summary}.${refused}`,
    commands: [
      ...ways.map((choice) => ["approve", runId, nodeId, ...turn, ...choice]),
      ["deny", runId, nodeId, ...turn],
    ],
  };
}

async function signalNeeded(runId: string, nodeId: string, wait: Wait | undefined): Promise<Need> {
  const event = wait?.event.type === "NodeWaitingEvent" ? wait.event : undefined;
  const name = event?.eventName ?? "<name>";
  const correlation = event?.correlationId ?? null;
  const which = correlation === null ? "" : ` with the correlation id "${correlation}"`;
  const option = correlation === null ? [] : ["--correlation-id", correlation];
  const data = await sampleData(event?.dataSchema);
  return {
    kind: "event",
    what: `"${nodeId}" is waiting for the signal "${name}"${which}.`,
    commands: [["signal", runId, name, ...option, ...data]],
  };
}

/** An example of the data that a signal may have, as an option of the command. */
async function sampleData(schema: Readonly<Record<string, unknown>> | undefined): Promise<string[]> {
  const sample = schema === undefined ? {} : (await import("../../model/sample.ts")).sampleOf(schema);
  return ["--data", sample === undefined ? "<data>" : JSON.stringify(sample)];
}

/** The ways to approve, as options of the command. */
async function choices(approval: ApprovalItem | undefined): Promise<string[][]> {
  const keys = (approval?.options ?? []).map(({ key }) => key);
  if (approval?.mode === "answer") return [await sampleData(approval.dataSchema)];
  if (approval?.mode === "select") return keys.map((key) => ["--select", key]);
  return approval?.mode === "rank"
    ? [["--rank", keys.some((key) => key.includes(",")) ? JSON.stringify(keys) : keys.join(",")]]
    : [[]];
}

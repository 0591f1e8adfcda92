import type { ApprovalItem, NodeItem, RunDetail } from "../api/index.ts";
import { isSmithersError } from "../errors/index.ts";
import type { SmithersEvent } from "../model/index.ts";
import { sampleOf } from "./input/sample.ts";
import { type Note, notesOf } from "./notes/notes.ts";
import type { Source } from "./source/source.ts";
import { withFullStop } from "./terminal/format.ts";
import { failure } from "./why-failure.ts";

/** A reason why a run does not continue or has failed, with the commands that help. */
export interface Reason {
  readonly kind:
    | "approval"
    | "event"
    | "timer"
    | "stale"
    | "failed"
    | "retrying"
    | "not-continued"
    | "running"
    | Note["kind"];
  readonly nodeId?: string;
  readonly iteration?: number;
  /** Since when, in milliseconds since the epoch. */
  readonly sinceMs?: number | null;
  /** The reason as text for a person. */
  readonly what: string;
  /** Words after `smithers`; the most usual command first. */
  readonly commands: readonly (readonly string[])[];
}

/**
 * The reasons why a run does not continue, and what else a person should know; of a run that has finished or was
 * cancelled only the latter.
 */
export async function whyOf(source: Source, run: RunDetail): Promise<Reason[]> {
  const nodes = await source.listNodes(run.runId);
  const notes = await notesOf(source, run, nodes);
  return [...(await reasonsOf(source, run, nodes)), ...notes.map(noted)];
}

function noted({ kind, nodes, text }: Note): Reason {
  return { ...(nodes.length === 1 && nodes[0]), kind, what: text, commands: [] };
}

async function reasonsOf(source: Source, run: RunDetail, nodes: readonly NodeItem[]): Promise<Reason[]> {
  const { runId, status, runState } = run;
  const { unhealthy } = runState;
  if (status === "failed") return [failure(source, run, nodes)];
  if (runState.state === "stale" && unhealthy) return [ownerless(runId, unhealthy)];
  if (status !== "running" && !status.startsWith("waiting-")) return [];
  const waiting = nodes.filter(({ state }) => state.startsWith("waiting-"));
  const [approvals, waits] = await Promise.all([approvalsOf(source, runId, waiting), waitsOf(source, runId, waiting)]);
  return [
    ...(status === "running" ? running(run, nodes) : []),
    ...waiting.map((node) => wait(runId, node, approvals, waits, unhealthy)),
  ];
}

type Unhealthy = NonNullable<RunDetail["runState"]["unhealthy"]>;

/** The reason for a run that should be executed and has no living owner. */
function ownerless(runId: string, unhealthy: Unhealthy): Reason {
  const what = `${withFullStop(unhealthy.reason)} ${whoContinues(unhealthy)}`;
  return { kind: "stale", what, commands: [["resume", runId]] };
}

/** Says when a run continues by itself. A failure, such as a workflow file that does not load, must be repaired first. */
function whoContinues(unhealthy: Unhealthy | undefined): string {
  if (unhealthy?.code === undefined) return "A server that uses this database continues the run by itself.";
  return "Repair that first. A server that uses this database then continues the run by itself; without one, resume it.";
}

/** The pending decisions; undefined when they are unknown, because the server has no database of its own. */
async function approvalsOf(
  source: Source,
  runId: string,
  nodes: readonly NodeItem[],
): Promise<ApprovalItem[] | undefined> {
  if (!nodes.some(({ state }) => state === "waiting-approval")) return undefined;
  return source.listApprovals(runId).catch((error) => {
    if (isSmithersError(error) && error.code === "DB_NOT_CONFIGURED") return undefined;
    throw error;
  });
}

/** A wait for an event or a timer, from its own event, and whether the awaited signal has arrived. */
interface Wait {
  readonly event: Extract<SmithersEvent, { type: "NodeWaitingEvent" | "NodeWaitingTimer" }>;
  hasCome: boolean;
}

/** What the nodes are waiting for: the last wait of each node. */
async function waitsOf(source: Source, runId: string, nodes: readonly NodeItem[]): Promise<Map<string, Wait>> {
  const found = new Map<string, Wait>();
  if (!nodes.some(({ state }) => state === "waiting-event" || state === "waiting-timer")) return found;
  for await (const event of source.events(runId, 0, false)) {
    if (event.type === "NodeWaitingEvent" || event.type === "NodeWaitingTimer") {
      found.set(keyOf(event), { event, hasCome: false });
    } else if (event.type === "SignalReceived") {
      for (const wait of found.values()) wait.hasCome ||= takes(wait, event);
    }
  }
  return found;
}

function takes({ event }: Wait, signal: Extract<SmithersEvent, { type: "SignalReceived" }>): boolean {
  if (event.type !== "NodeWaitingEvent") return false;
  return event.eventName === signal.signalName && event.correlationId === signal.correlationId;
}

const keyOf = ({ nodeId, iteration }: { nodeId: string; iteration: number }) => `${iteration}:${nodeId}`;

function wait(
  runId: string,
  node: NodeItem,
  approvals: readonly ApprovalItem[] | undefined,
  waits: ReadonlyMap<string, Wait>,
  unhealthy: Unhealthy | undefined,
): Reason {
  const { nodeId, iteration, startedAtMs } = node;
  const at = { nodeId, iteration, sinceMs: startedAtMs };
  const turn = iteration === 0 ? [] : ["--iteration", String(iteration)];
  if (node.state === "waiting-approval") {
    const approval = approvals?.find((one) => keyOf(one) === keyOf(node));
    if (approvals && !approval) return notContinued(runId, at, `"${nodeId}" has been decided`, unhealthy);
    const title = approval?.requestTitle ? `: "${approval.requestTitle}"` : "";
    const summary = approval?.requestSummary ? ` (${approval.requestSummary})` : "";
    return {
      kind: "approval",
      ...at,
      what: `"${nodeId}" is waiting for a decision${title}${summary}.`,
      commands: [
        ...choices(approval).map((choice) => ["approve", runId, nodeId, ...turn, ...choice]),
        ["deny", runId, nodeId, ...turn],
      ],
    };
  }
  const found = waits.get(keyOf(node));
  if (found?.hasCome) return notContinued(runId, at, `The signal for "${nodeId}" has arrived`, unhealthy);
  const { event } = found ?? {};
  if (event?.type === "NodeWaitingTimer") {
    if (unhealthy?.code !== undefined) return notContinued(runId, at, `The timer "${nodeId}" is due`, unhealthy);
    const what = `"${nodeId}" is waiting until ${new Date(event.firesAtMs).toISOString()}. A server, or resume, then continues by itself.`;
    return { kind: "timer", ...at, what, commands: [["resume", runId]] };
  }
  const name = event?.type === "NodeWaitingEvent" ? event.eventName : "<name>";
  const correlation = event?.type === "NodeWaitingEvent" ? event.correlationId : null;
  const schema = event?.type === "NodeWaitingEvent" ? event.dataSchema : undefined;
  const which = correlation === null ? "" : ` with the correlation id "${correlation}"`;
  return {
    kind: "event",
    ...at,
    what: `"${nodeId}" is waiting for the signal "${name}"${which}.`,
    commands: [
      [
        "signal",
        runId,
        name,
        ...(correlation === null ? [] : ["--correlation-id", correlation]),
        ...sampleData(schema),
      ],
    ],
  };
}

/** An example of the data that a signal may have, as an option of the command. */
function sampleData(schema: Readonly<Record<string, unknown>> | undefined): string[] {
  const sample = schema === undefined ? {} : sampleOf(schema);
  return ["--data", sample === undefined ? "<data>" : JSON.stringify(sample)];
}

/** The reason for something that arrived and was not taken in. */
function notContinued(
  runId: string,
  at: Pick<Reason, "nodeId" | "iteration" | "sinceMs">,
  what: string,
  unhealthy: Unhealthy | undefined,
): Reason {
  const state =
    unhealthy?.code === undefined
      ? "the run has not continued yet."
      : `the run cannot continue: ${withFullStop(unhealthy.reason)}`;
  return {
    kind: "not-continued",
    ...at,
    what: `${what}, but ${state} ${whoContinues(unhealthy)}`,
    commands: [["resume", runId]],
  };
}

/** The ways to approve, as options of the command. */
function choices(approval: ApprovalItem | undefined): string[][] {
  const keys = (approval?.options ?? []).map(({ key }) => key);
  if (approval?.mode === "select") return keys.map((key) => ["--select", key]);
  return approval?.mode === "rank"
    ? [["--rank", keys.some((key) => key.includes(",")) ? JSON.stringify(keys) : keys.join(",")]]
    : [[]];
}

function running({ runId, runState: { unhealthy } }: RunDetail, nodes: readonly NodeItem[]): Reason[] {
  const follow = [["logs", runId, "--follow"]];
  if (unhealthy?.kind === "retrying") {
    const { nodeId, iteration, reason } = unhealthy;
    return [{ kind: "retrying", nodeId, iteration, what: reason, commands: [...follow, ["cancel", runId]] }];
  }
  const busy = nodes.filter(({ state }) => state === "in-progress");
  if (busy.length === 0) return [{ kind: "running", what: "The run is being executed.", commands: follow }];
  return busy.map(({ nodeId, iteration, startedAtMs }) => ({
    kind: "running",
    nodeId,
    iteration,
    sinceMs: startedAtMs,
    what: `"${nodeId}" is being executed.`,
    commands: follow,
  }));
}

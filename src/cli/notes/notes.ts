import type { NodeItem, RunDetail } from "../../api/index.ts";
import type { SmithersEvent } from "../../model/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import type { Source } from "../source/source.ts";
import { exhaustedLoops } from "./exhausted-loops.ts";

/** Something about a run that neither its state nor the states of its nodes say. */
export interface Note {
  readonly kind: "exhausted-loop" | "unused-decision";
  readonly nodes: readonly Pick<NodeItem, "nodeId" | "iteration">[];
  readonly text: string;
}

/** The notes about a run. Its events are read only when a decision may be unused. */
export async function notesOf(source: Source, { run, nodes, frame }: RunOverview): Promise<Note[]> {
  const decisions = new Map<string, Decision>();
  if (nodes.some(({ state }) => state === "cancelled")) {
    for await (const event of source.events(run.runId, 0, false)) noteDecision(decisions, event);
  }
  const loops = frame ? exhaustedLoops(frame, nodes) : [];
  return [
    ...loops.map(({ id, iterations, nodes }) => ({
      kind: "exhausted-loop" as const,
      nodes,
      text: `The loop "${id}" ended after ${times(iterations)}, the most that it may have; its until is still false.`,
    })),
    ...nodes.flatMap((node) => {
      const decision = node.state === "cancelled" ? decisions.get(keyOf(node)) : undefined;
      return decision ? [unused(node, decision, run)] : [];
    }),
  ];
}

const times = (iterations: number) => (iterations === 1 ? "1 iteration" : `${iterations} iterations`);

/** The notes that are about one node. */
export function notesAbout({ nodeId, iteration }: NodeItem, notes: readonly Note[]): Note[] {
  return notes.filter(({ nodes }) => nodes.some((one) => one.nodeId === nodeId && one.iteration === iteration));
}

type Decision = Extract<SmithersEvent, { type: "ApprovalGranted" | "ApprovalDenied" }>;

/** Keeps the decision that a node has got and not used. */
function noteDecision(decisions: Map<string, Decision>, event: SmithersEvent): void {
  switch (event.type) {
    case "ApprovalGranted":
    case "ApprovalDenied":
      decisions.set(keyOf(event), event);
      break;
    case "ApprovalRequested":
    case "NodeStarted":
    case "NodeFinished":
    case "NodeFailed":
    case "NodeSkipped":
      decisions.delete(keyOf(event));
  }
}

function unused(node: NodeItem, { type, decidedBy, note }: Decision, { status }: RunDetail): Note {
  const { nodeId, iteration } = node;
  const what = type === "ApprovalGranted" ? "approved" : "denied";
  const by = `${decidedBy === null ? "" : ` by ${decidedBy}`}${note === null ? "" : ` ("${note}")`}`;
  const rest =
    status === "cancelled"
      ? "but the run was cancelled before it took that in."
      : "but the workflow no longer has it. The decision is kept, and counts if the same question is asked again.";
  return { kind: "unused-decision", nodes: [{ nodeId, iteration }], text: `"${nodeId}" was ${what}${by}, ${rest}` };
}

const keyOf = ({ nodeId, iteration }: { nodeId: string; iteration: number }) => `${iteration}:${nodeId}`;

import type { NodeItem, RunDetail } from "../../api/index.ts";
import type { SmithersEvent } from "../../model/index.ts";
import type { Source } from "../source/source.ts";
import { exhaustedLoops } from "./exhausted-loops.ts";

/** Something about a run that neither its state nor the states of its nodes say. */
export interface Note {
  readonly kind: "exhausted-loop" | "unused-decision";
  readonly nodes: readonly Pick<NodeItem, "nodeId" | "iteration">[];
  readonly text: string;
}

/** The notes about a run. Its events are read only when there may be any. */
export async function notesOf(source: Source, run: RunDetail, nodes: readonly NodeItem[]): Promise<Note[]> {
  const mayLoop = nodes.some(({ iteration }) => iteration > 0);
  const mayBeUnused = nodes.some(({ state }) => state === "cancelled");
  if (!mayLoop && !mayBeUnused) return [];
  let lastFrameNo = 0;
  const decisions = new Map<string, Decision>();
  for await (const event of source.events(run.runId, 0, false)) {
    if (event.type === "FrameCommitted") lastFrameNo = event.frameNo;
    noteDecision(decisions, event);
  }
  const [frame] = mayLoop && lastFrameNo > 0 ? await source.listFrames(run.runId, lastFrameNo - 1, 1) : [];
  const loops = frame ? exhaustedLoops(frame, nodes) : [];
  return [
    ...loops.map(({ id, iterations, nodes }) => ({
      kind: "exhausted-loop" as const,
      nodes,
      text: `The loop "${id}" ended after ${iterations} iterations, the most that it may have; its until is still false.`,
    })),
    ...nodes.flatMap((node) => {
      const decision = node.state === "cancelled" ? decisions.get(keyOf(node)) : undefined;
      return decision ? [unused(node, decision, run)] : [];
    }),
  ];
}

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

import type { AspectsSpec, ContinueSpec, HostNode, LoopSpec, TaskSpec } from "../jsx/index.ts";
import type { NodeState, Wake } from "../model/index.ts";

/** A limit on attempts running at once, shared by the tasks inside one Parallel. */
export interface Group {
  readonly limit: number;
}

/** An Aspects of the current frame. */
export interface PlanAspects {
  /** Its position among those of the frame, such as `1` or, nested, `1.2`. */
  readonly key: string;
  readonly spec: AspectsSpec;
}

/** A task of the current frame. */
export interface PlannedTask {
  readonly spec: TaskSpec;
  /** The authored id; inside nested loops `<id>@@<outerLoop>=<iteration>`. */
  readonly nodeId: string;
  /** The current iteration of its loop; 0 outside loops. */
  readonly iteration: number;
  /** The node and the iteration as one string; see {@link nodeKey}. */
  readonly key: string;
  readonly ordinal: number;
  /** The key of its innermost loop; see {@link PlanLoop.key}. */
  readonly loopId: string | null;
  /** The loops around it, the outermost first. */
  readonly loops: readonly PlanLoop[];
  /** The bodies that it stands in, the outermost first. */
  readonly tries: readonly PlanTry[];
  /** The innermost element that orders it. */
  readonly within: Container;
  readonly groups: readonly Group[];
  /** Those around it, the outermost first. */
  readonly aspects: readonly PlanAspects[];
  /** The input of the inline subflow that it stands in. */
  readonly inlineInput?: unknown;
  /** The element's rendered children: an agent's prompt. */
  readonly prompt: readonly HostNode[];
}

export type PlanNode = PlanSequence | PlanParallel | PlanLoop | PlanTry | PlanTask | PlanContinue;

export interface PlanSequence {
  readonly type: "sequence";
  readonly children: readonly PlanNode[];
  /** Index of the first child that may not have settled. Those before it have, and are not visited again. */
  settledUpTo: number;
}

export interface PlanParallel {
  readonly type: "parallel";
  /** Children that have not settled yet. */
  open: PlanNode[];
}

export interface PlanLoop {
  readonly type: "loop";
  readonly spec: LoopSpec;
  /** What its iterations are counted under: its id, inside other loops with their iterations. */
  readonly key: string;
  readonly iteration: number;
  body: PlanSequence;
}

/** A body, what runs when it has failed, and what runs after both. */
export interface PlanTry {
  readonly type: "try";
  body: PlanSequence;
  handler: PlanSequence;
  /** Whether a failure of the body ends with the handler. */
  handled: boolean;
  cleanup: PlanSequence;
}

export interface PlanTask {
  readonly type: "task";
  readonly task: PlannedTask;
}

/** Where the run ends and another one continues it. */
export interface PlanContinue {
  readonly type: "continue";
  readonly spec: ContinueSpec;
}

/** The plan of one frame. It belongs to one run, because scheduling marks in it what has settled. */
export interface Plan {
  readonly workflowName: string;
  readonly root: PlanSequence;
  /** In plan order. */
  readonly tasks: readonly PlannedTask[];
  readonly loops: readonly PlanLoop[];
  /** By authored id. */
  readonly byId: ReadonlyMap<string, PlannedTask>;
  /** Authored ids of tasks in what `skipIf` leaves out, and in loops that were over before their body started. */
  readonly leftOut: ReadonlySet<string>;
}

/** An element that orders what stands in it. */
export interface Container {
  readonly type: "sequence" | "parallel";
  readonly parent: Container | null;
  readonly depth: number;
}

/** What scheduling reads of a stored node. */
export interface NodeProgress extends Wake {
  readonly state: NodeState;
}

/** The key of a node in one iteration. */
export function nodeKey(nodeId: string, iteration: number): string {
  return iteration === 0 ? nodeId : `${nodeId}\0${iteration}`;
}

import type { HostNode, LoopSpec, TaskSpec } from "../jsx/index.ts";
import type { NodeState } from "../model/index.ts";

/** A limit on attempts running at once, shared by the tasks below one Parallel. */
export interface Group {
  readonly limit: number;
}

/** A task of the current frame. */
export interface PlannedTask {
  readonly spec: TaskSpec;
  readonly nodeId: string;
  /** The current iteration of its loop; 0 outside of loops. */
  readonly iteration: number;
  /** Names the node and the iteration in one string; see {@link nodeKey}. */
  readonly key: string;
  readonly ordinal: number;
  readonly loopId: string | null;
  readonly groups: readonly Group[];
  /** What the element's children rendered to: an agent's prompt. */
  readonly prompt: readonly HostNode[];
}

export type PlanNode = PlanSequence | PlanParallel | PlanLoop | PlanTask;

export interface PlanSequence {
  readonly type: "sequence";
  readonly children: readonly PlanNode[];
  /** Children before this one have settled: they need no second look. */
  settledUpTo: number;
}

export interface PlanParallel {
  readonly type: "parallel";
  /** Those that have not settled yet. */
  open: PlanNode[];
}

export interface PlanLoop {
  readonly type: "loop";
  readonly spec: LoopSpec;
  readonly iteration: number;
  readonly body: PlanSequence;
}

export interface PlanTask {
  readonly type: "task";
  readonly task: PlannedTask;
}

/** One frame as the scheduler reads it. It belongs to one run: scheduling remembers in it what has settled. */
export interface Plan {
  readonly workflowName: string;
  readonly root: PlanSequence;
  /** In plan order. */
  readonly tasks: readonly PlannedTask[];
  readonly byId: ReadonlyMap<string, PlannedTask>;
}

/** What the planner needs to know of a node. */
export interface NodeProgress {
  readonly state: NodeState;
  /** While it is pending: when a failed attempt may be tried again. */
  readonly wakeAtMs: number | null;
}

/** A node in an iteration as one string. */
export function nodeKey(nodeId: string, iteration: number): string {
  return iteration === 0 ? nodeId : `${nodeId}\0${iteration}`;
}

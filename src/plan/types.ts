import type { HostNode, LoopSpec, TaskSpec } from "../jsx/index.ts";
import type { NodeState } from "../model/index.ts";

/** A limit on attempts running at once, shared by the tasks inside one Parallel. */
export interface Group {
  readonly limit: number;
}

/** A task of the current frame. */
export interface PlannedTask {
  readonly spec: TaskSpec;
  readonly nodeId: string;
  /** The current iteration of its loop; 0 outside loops. */
  readonly iteration: number;
  /** The node and the iteration as one string; see {@link nodeKey}. */
  readonly key: string;
  readonly ordinal: number;
  readonly loopId: string | null;
  readonly groups: readonly Group[];
  /** The element's rendered children: an agent's prompt. */
  readonly prompt: readonly HostNode[];
}

export type PlanNode = PlanSequence | PlanParallel | PlanLoop | PlanTask;

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
  readonly iteration: number;
  readonly body: PlanSequence;
}

export interface PlanTask {
  readonly type: "task";
  readonly task: PlannedTask;
}

/** The plan of one frame. It belongs to one run, because scheduling marks in it what has settled. */
export interface Plan {
  readonly workflowName: string;
  readonly root: PlanSequence;
  /** In plan order. */
  readonly tasks: readonly PlannedTask[];
  readonly byId: ReadonlyMap<string, PlannedTask>;
}

/** What scheduling reads of a stored node. */
export interface NodeProgress {
  readonly state: NodeState;
  /** While it is pending: when a failed attempt may be retried, in epoch ms. */
  readonly wakeAtMs: number | null;
}

/** The key of a node in one iteration. */
export function nodeKey(nodeId: string, iteration: number): string {
  return iteration === 0 ? nodeId : `${nodeId}\0${iteration}`;
}

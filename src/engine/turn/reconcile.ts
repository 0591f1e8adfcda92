import { SmithersError } from "../../errors/index.ts";
import { authoredId } from "../../jsx/index.ts";
import { isWaiting, type Node, type NodeKind, notBegun, noWake, wakeAfter } from "../../model/index.ts";
import { nodeKey, type Plan, type PlannedTask } from "../../plan/index.ts";
import type { TurnDraft } from "./draft.ts";
import { hasAsked, questionOf } from "./question.ts";
import { cancelNode } from "./run-end.ts";

export interface Reconciled {
  /** Number of nodes that were mounted for the first time. */
  readonly mounted: number;
  /** Whether every node of the plan is mounted. */
  readonly isComplete: boolean;
}

/**
 * Brings the stored nodes in line with the tree that is mounted now. Called at every render; the only place that
 * decides whether what is stored under an id counts for the node that has this id now:
 *
 * - A node that is no longer mounted is cancelled if it is running or waiting.
 * - A node that was cancelled so and is mounted again is pending again.
 * - A stored node of another kind, or a wait for something else, is closed, and the mounted one begins as new.
 * - A node that has finished cannot become another kind.
 *
 * @param maxMounted the nodes that are mounted for the first time: the others are left for the next call. What is stored
 *   is brought in line at once, so that what is mounted may start before the rest is.
 * @throws NODE_REDEFINED; INVALID_WORKFLOW when nothing is mounted while nodes are running or waiting
 */
export function reconcile(draft: TurnDraft, plan: Plan, maxMounted = Number.POSITIVE_INFINITY): Reconciled {
  const { runState } = draft;
  const gone = [...runState.nodesUnderWay()].filter(
    ({ nodeId, iteration }) => plan.byId.get(authoredId(nodeId))?.key !== nodeKey(nodeId, iteration),
  );
  if (plan.tasks.length === 0 && gone[0]) {
    throw new SmithersError(
      "INVALID_WORKFLOW",
      `The workflow no longer mounts any node while "${gone[0].nodeId}" is open.`,
    );
  }
  for (const node of gone) cancelNode(draft, node);
  let mounted = 0;
  let isComplete = true;
  for (const task of plan.tasks) {
    runState.noteLoops(task);
    const known = runState.node(task.key);
    if (!known) {
      if (mounted === maxMounted) {
        isComplete = false;
        continue;
      }
      draft.mount(task);
      mounted += 1;
      continue;
    }
    if (!isSame(draft, known, task)) {
      restart(draft, known, task);
      continue;
    }
    applyLimit(draft, known, task);
    if (known.state === "cancelled") remount(draft, known, task);
    else if (known.ordinal !== task.ordinal || known.loopId !== task.loopId) {
      draft.changeNode(known, { ordinal: task.ordinal, loopId: task.loopId });
    }
  }
  return { mounted, isComplete };
}

/**
 * Gives a wait that has a time limit now one that begins now, and takes the limit from one that has none any more. A limit
 * that is another one stays as it was set, for it may be computed from the time that is left.
 */
function applyLimit(draft: TurnDraft, node: Node, { spec }: PlannedTask): void {
  if (spec.kind !== "approval" && spec.kind !== "event") return;
  if (node.state !== "waiting-approval" && node.state !== "waiting-event") return;
  const { timeoutMs } = spec;
  if ((timeoutMs === undefined) === (node.wakeAtMs === null)) return;
  draft.changeNode(node, timeoutMs === undefined ? noWake : wakeAfter(draft.now, timeoutMs));
}

/** Whether what is stored of a node is about the node that is mounted under its id now. */
function isSame(draft: TurnDraft, node: Node, task: PlannedTask): boolean {
  const { spec } = task;
  if (categoryOf(node.kind) !== categoryOf(spec.kind)) return false;
  // Its state is that of its run, which continues.
  if (spec.kind === "subflow") return true;
  // What is skipped now asks for nothing, and waits for nothing.
  if (spec.skipIf && isWaiting(node.state)) return false;
  switch (node.state) {
    case "waiting-event":
      return spec.kind === "event" && node.awaits === spec.event && node.correlationId === spec.correlationId;
    case "waiting-approval": {
      const isAsked = spec.kind === "approval" || ("needsApproval" in spec && spec.needsApproval);
      const approval = draft.runState.approval(task.key);
      return isAsked && approval !== undefined && hasAsked(approval, questionOf(task));
    }
    default:
      // A timer's time, once set, stays.
      return true;
  }
}

/** Closes what is open of the node's former self, and lets the node that is mounted now begin. */
function restart(draft: TurnDraft, node: Node, task: PlannedTask): void {
  const was = categoryOf(node.kind);
  const is = categoryOf(task.spec.kind);
  if (node.state === "finished") {
    const { nodeId, iteration } = node;
    throw new SmithersError("NODE_REDEFINED", `"${nodeId}" has finished as ${was} and is ${is} now.`, {
      details: { nodeId, iteration, was, is },
    });
  }
  if (node.state === "in-progress" || isWaiting(node.state)) cancelNode(draft, node);
  remount(draft, node, task);
}

function remount(draft: TurnDraft, node: Node, { ordinal, loopId, spec }: PlannedTask): void {
  draft.changeNode(node, {
    ...notBegun,
    kind: spec.kind,
    ordinal,
    loopId,
    label: spec.label,
  });
  draft.emit({ type: "NodePending", nodeId: node.nodeId, iteration: node.iteration });
}

/** How a task gets its value does not matter for what it is: an edit may make a literal a function. */
function categoryOf(kind: NodeKind): string {
  switch (kind) {
    case "static":
    case "compute":
    case "agent":
      return "a task";
    case "subflow":
      return "a subflow";
    case "approval":
      return "an approval";
    case "event":
      return "an event";
    case "timer":
      return "a timer";
  }
}

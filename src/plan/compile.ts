import { SmithersError } from "../errors/index.ts";
import type { HostElement, HostNode, TaskSpec } from "../jsx/index.ts";
import { checkCircles } from "./circles.ts";
import { type Group, nodeKey, type Plan, type PlanNode, type PlannedTask, type PlanSequence } from "./types.ts";

/** What compiling reads of the stored run. */
export interface CompileState {
  /** The current iteration of a loop. */
  loopIteration(loopId: string): number;
  /** Whether a node has ever left the state `pending`. */
  hasStarted(nodeId: string, iteration: number): boolean;
}

interface Place {
  readonly loopId: string | null;
  readonly iteration: number;
  readonly groups: readonly Group[];
}

/**
 * Compiles a rendered tree into a plan.
 * @throws DUPLICATE_ID, NESTED_LOOP, CIRCULAR_DEPENDENCY
 */
export function compilePlan(root: HostElement, state: CompileState): Plan {
  const tasks: PlannedTask[] = [];
  const byId = new Map<string, PlannedTask>();
  const loopIds = new Set<string>();

  const sequence = (children: readonly HostNode[], place: Place): PlanSequence => ({
    type: "sequence",
    children: children.flatMap((child) => visit(child, place)),
    settledUpTo: 0,
  });

  const visit = (node: HostNode, place: Place): PlanNode[] => {
    if (node.kind === "text") return [];
    const { spec } = node;
    switch (spec?.type) {
      case "task":
        return [{ type: "task", task: add(spec, node.children, place) }];
      case "parallel": {
        const groups =
          spec.maxConcurrency === undefined ? place.groups : [...place.groups, { limit: spec.maxConcurrency }];
        return [{ type: "parallel", open: node.children.flatMap((child) => visit(child, { ...place, groups })) }];
      }
      case "loop": {
        if (place.loopId !== null) {
          throw new SmithersError("NESTED_LOOP", `The loop "${spec.id}" is nested in the loop "${place.loopId}".`);
        }
        if (loopIds.has(spec.id)) throw new SmithersError("DUPLICATE_ID", `Two loops have the id "${spec.id}".`);
        loopIds.add(spec.id);
        const iteration = state.loopIteration(spec.id);
        const first = tasks.length;
        const body = sequence(node.children, { ...place, loopId: spec.id, iteration });
        // A loop that is over before its body has started leaves its body out.
        if (spec.until && !tasks.slice(first).some((task) => state.hasStarted(task.nodeId, iteration))) {
          for (const task of tasks.splice(first)) byId.delete(task.nodeId);
          return [];
        }
        return [{ type: "loop", spec, iteration, body }];
      }
      default:
        return [sequence(node.children, place)];
    }
  };

  const add = (spec: TaskSpec, prompt: readonly HostNode[], { loopId, iteration, groups }: Place): PlannedTask => {
    const key = nodeKey(spec.id, iteration);
    const task = { spec, nodeId: spec.id, iteration, key, ordinal: tasks.length, loopId, groups, prompt };
    if (byId.has(spec.id)) throw new SmithersError("DUPLICATE_ID", `Two nodes have the id "${spec.id}".`);
    byId.set(spec.id, task);
    tasks.push(task);
    return task;
  };

  const whole = sequence(root.children, { loopId: null, iteration: 0, groups: [] });
  checkCircles(byId);
  const workflowName = root.spec?.type === "workflow" ? root.spec.name : "";
  return { workflowName, root: whole, tasks, byId };
}

import { isSettled } from "../../src/model/index.ts";
import { nodeKey } from "../../src/plan/index.ts";
import type { Shape, Simulation } from "./random-runs.ts";

/** A task that nothing before it holds back any more, and the Parallels that it stands in. */
export interface Reachable {
  readonly nodeId: string;
  readonly key: string;
  readonly groups: readonly { readonly limit: number }[];
}

interface Visited {
  readonly found: Reachable[];
  readonly settled: boolean;
}

/** What the order of a run lets through. */
export interface Reach {
  readonly tasks: Reachable[];
  readonly settled: boolean;
  /** Whether a task is done for another one that depends on it. */
  isDone(id: string, from: string): boolean;
}

/** Read off a run's shape: the definition, without any of the planner's memory. */
export function reachable(simulation: Simulation): Reach {
  /** By task, the loops around it, the outermost first. */
  const loopsOf = new Map<string, readonly string[]>();
  const over = new Set<string>();
  const done = new Set<string>();
  let tasks = 0;
  let loops = 0;
  const groupsOf = new Map<Shape, { limit: number }>();

  /** `open`: what stands before it has settled. The numbers of tasks and loops are counted either way. */
  const visit = (
    shape: Shape,
    open: boolean,
    iteration: number,
    groups: Reachable["groups"],
    around: readonly string[],
  ): Visited => {
    const found: Reachable[] = [];
    let settled = true;
    const inOrder = (children: readonly Shape[], inner: number, loopsAround: readonly string[]) => {
      let before = open;
      for (const child of children) {
        const result = visit(child, before, inner, groups, loopsAround);
        found.push(...result.found);
        settled &&= result.settled;
        before &&= result.settled;
      }
    };
    switch (shape.kind) {
      case "task": {
        const nodeId = `t${tasks++}`;
        const key = nodeKey(nodeId, iteration);
        const state = simulation.nodes.get(key)?.state ?? "pending";
        settled = isSettled(state) && (state !== "failed" || shape.behaviour.continueOnFail);
        loopsOf.set(nodeId, around);
        if (settled) done.add(nodeId);
        if (open) found.push({ nodeId, key, groups });
        break;
      }
      case "sequence":
        inOrder(shape.children, iteration, around);
        break;
      case "parallel": {
        const limit = shape.maxConcurrency;
        if (limit !== undefined && !groupsOf.has(shape)) groupsOf.set(shape, { limit });
        const within = limit === undefined ? groups : [...groups, groupsOf.get(shape)!];
        for (const child of shape.children) {
          const result = visit(child, open, iteration, within, around);
          found.push(...result.found);
          settled &&= result.settled;
        }
        break;
      }
      case "loop": {
        const id = `loop${loops++}`;
        const current = simulation.loops.get(id) ?? 0;
        const before = { tasks, found: found.length };
        inOrder(shape.children, current, [...around, id]);
        if (current === 0 && shape.times === 0) {
          // It is over before its body was begun.
          found.length = before.found;
          settled = true;
          for (let n = before.tasks; n < tasks; n++) done.add(`t${n}`);
        } else if (settled && current + 1 < shape.times) {
          settled = current + 1 >= shape.maxIterations && shape.mayRunOut;
        }
        if (settled) over.add(id);
        break;
      }
    }
    return { found, settled };
  };

  const whole = visit({ kind: "sequence", children: [...simulation.shape] }, true, 0, [], []);
  const isDone = (id: string, from: string) => {
    const entered = loopsOf.get(id)!.find((loop, depth) => loopsOf.get(from)![depth] !== loop);
    return done.has(id) && (entered === undefined || over.has(entered));
  };
  return { tasks: whole.found, settled: whole.settled, isDone };
}

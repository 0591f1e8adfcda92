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

/** What the order of a run lets through, read off its shape: the definition, without any of the planner's memory. */
export function reachable(simulation: Simulation): { tasks: Reachable[]; settled: boolean } {
  let tasks = 0;
  let loops = 0;
  const groupsOf = new Map<Shape, { limit: number }>();

  /** `open`: what stands before it has settled. The numbers of tasks and loops are counted either way. */
  const visit = (shape: Shape, open: boolean, iteration: number, groups: Reachable["groups"]): Visited => {
    const found: Reachable[] = [];
    let settled = true;
    const inOrder = (children: readonly Shape[], inner: number) => {
      let before = open;
      for (const child of children) {
        const result = visit(child, before, inner, groups);
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
        if (open) found.push({ nodeId, key, groups });
        break;
      }
      case "sequence":
        inOrder(shape.children, iteration);
        break;
      case "parallel": {
        const limit = shape.maxConcurrency;
        if (limit !== undefined && !groupsOf.has(shape)) groupsOf.set(shape, { limit });
        const within = limit === undefined ? groups : [...groups, groupsOf.get(shape)!];
        for (const child of shape.children) {
          const result = visit(child, open, iteration, within);
          found.push(...result.found);
          settled &&= result.settled;
        }
        break;
      }
      case "loop": {
        const current = simulation.loops.get(`loop${loops++}`) ?? 0;
        const before = { tasks, found: found.length };
        inOrder(shape.children, current);
        if (current === 0 && shape.times === 0) {
          // It is over before its body was begun.
          found.length = before.found;
          settled = true;
        } else if (settled && current + 1 < shape.times) {
          settled = current + 1 >= shape.maxIterations && shape.mayRunOut;
        }
        break;
      }
    }
    return { found, settled };
  };

  const whole = visit({ kind: "sequence", children: [...simulation.shape] }, true, 0, []);
  return { tasks: whole.found, settled: whole.settled };
}

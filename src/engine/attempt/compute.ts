import type { ComputeSpec, TaskContext } from "../../jsx/index.ts";

/** Calls a compute task's function: with its dependencies first, where it has some. */
export function executeCompute(spec: ComputeSpec, deps: unknown, context: TaskContext): unknown {
  return spec.deps ? spec.run(deps, context) : spec.run(context);
}

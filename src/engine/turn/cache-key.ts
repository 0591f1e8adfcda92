import { createHash } from "node:crypto";
import type { PlannedTask } from "../../plan/index.ts";

/**
 * The key of a task's cached result; undefined when the task is not cached. Without `by`, the key depends on the run's
 * whole input; that of a task in an inline subflow, on the subflow's.
 */
export function cacheKeyOf(workflowName: string, task: PlannedTask, input: unknown, deps: unknown): string | undefined {
  const { spec } = task;
  if (!("cache" in spec) || !spec.cache) return undefined;
  const { output, result, cache } = spec;
  const schema = result ? [output.hash, result.hash] : output.hash;
  const parts = [
    workflowName,
    spec.id,
    schema,
    cache.version,
    cache.by ?? { input: task.inlineInput ?? input },
    deps ?? null,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

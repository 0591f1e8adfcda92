import { SmithersError } from "../errors/index.ts";
import type { Container, PlannedTask } from "./types.ts";

/**
 * Refuses dependencies on what comes later in the same sequence: neither could ever start.
 * @throws CIRCULAR_DEPENDENCY naming both
 */
export function checkOrder(tasks: readonly PlannedTask[], byId: ReadonlyMap<string, PlannedTask>): void {
  for (const task of tasks) {
    for (const id of task.spec.dependsOn) {
      const target = byId.get(id);
      if (!target || target.ordinal < task.ordinal || commonContainer(task, target).type === "parallel") continue;
      const message = `"${task.spec.id}" depends on "${id}", which comes after it in a sequence, so neither can start.`;
      throw new SmithersError("CIRCULAR_DEPENDENCY", message, {
        details: { circle: [task.spec.id, id, task.spec.id] },
      });
    }
  }
}

/** The innermost element that both stand in. */
function commonContainer({ within: a }: PlannedTask, { within: b }: PlannedTask): Container {
  let one = a;
  let other = b;
  while (one !== other) {
    if (one.depth >= other.depth) one = one.parent!;
    else other = other.parent!;
  }
  return one;
}

import { SmithersError } from "../errors/index.ts";
import type { PlannedTask } from "./types.ts";

/**
 * Refuses circular dependencies.
 * @throws CIRCULAR_DEPENDENCY with the circle in `details`
 */
export function checkCircles(byId: ReadonlyMap<string, PlannedTask>): void {
  const done = new Set<string>();
  for (const start of byId.keys()) {
    // Most tasks depend on nothing but their place in the tree.
    if (done.has(start) || byId.get(start)!.spec.dependsOn.length === 0) continue;
    const path: string[] = [];
    const onPath = new Set<string>();
    // An explicit stack instead of recursion: a chain may be thousands of tasks long.
    const stack: { id: string; next: number }[] = [{ id: start, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next === 0) {
        path.push(top.id);
        onPath.add(top.id);
      }
      const needed = byId.get(top.id)?.spec.dependsOn[top.next];
      top.next += 1;
      if (needed === undefined) {
        stack.pop();
        path.pop();
        onPath.delete(top.id);
        done.add(top.id);
      } else if (onPath.has(needed)) {
        const circle = [...path.slice(path.indexOf(needed)), needed];
        throw new SmithersError("CIRCULAR_DEPENDENCY", `These tasks depend on one another: ${circle.join(" → ")}.`, {
          details: { circle },
        });
      } else if (!done.has(needed)) {
        stack.push({ id: needed, next: 0 });
      }
    }
  }
}

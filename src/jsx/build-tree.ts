import type { ReactNode } from "react";
import { currentOrigin, runMarkedSync } from "../containment/index.ts";
import { SmithersError } from "../errors/index.ts";
import type { Ctx } from "./ctx.ts";
import type { Workflow } from "./workflow.ts";

/**
 * Calls a workflow's own function.
 * @throws INVALID_WORKFLOW when it is asynchronous
 */
export function buildTree(workflow: Workflow, ctx: Ctx): ReactNode {
  const origin = currentOrigin();
  const build = () => workflow.build(ctx);
  const built: unknown = origin ? runMarkedSync(origin, build) : build();
  if (built instanceof Promise) {
    // The promise is refused below, so its rejection does not matter.
    built.catch(() => {});
    throw new SmithersError(
      "INVALID_WORKFLOW",
      "The function given to smithers(…) is asynchronous; it must return the tree at once. Await in a <Task>.",
    );
  }
  return built as ReactNode;
}

import type { ReactNode } from "react";
import type { Ctx } from "./ctx.ts";
import type { OutputRegistry } from "./outputs.ts";

const mark = Symbol.for("smithers.workflow");

/** What a workflow file exports by default; made by `smithers(build)`. */
export interface Workflow {
  readonly kind: symbol;
  readonly build: (ctx: Ctx) => ReactNode;
  readonly registry: OutputRegistry;
  /** The database that its runs live in, when it names one of its own. */
  readonly dbPath: string | undefined;
}

export function makeWorkflow(fields: Omit<Workflow, "kind">): Workflow {
  return Object.freeze({ kind: mark, ...fields });
}

export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === mark;
}

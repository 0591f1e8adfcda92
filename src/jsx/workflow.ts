import type { ReactNode } from "react";
import type { Ctx } from "./ctx.ts";
import type { OutputRegistry, Schemas } from "./outputs.ts";

const mark = Symbol.for("smithers.workflow");

/**
 * A workflow, made by `smithers(build)`: the default export of a workflow file. `S` are the schemas of
 * `createSmithers`.
 */
export interface Workflow<S extends Schemas = Schemas> {
  readonly kind: symbol;
  readonly build: (ctx: Ctx) => ReactNode;
  readonly registry: OutputRegistry;
  /** The database of its runs, if it names its own. */
  readonly dbPath: string | undefined;
  /** Carries the schemas' types, for typed clients; never present at run time. */
  readonly _schemas?: S;
}

export function makeWorkflow<S extends Schemas>(fields: Omit<Workflow<S>, "kind">): Workflow<S> {
  return Object.freeze({ kind: mark, ...fields });
}

/**
 * The file that a workflow keeps its runs in; undefined when it names none. `:memory:` is no file: a run there would be
 * lost with its process, so that what must outlive the process keeps it in the main database.
 */
export function databaseFileOf({ dbPath }: Pick<Workflow, "dbPath">): string | undefined {
  return dbPath === ":memory:" ? undefined : dbPath;
}

export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === mark;
}

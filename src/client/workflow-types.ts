import type { z } from "zod";

/** A workflow's type, as `typeof workflow` of what `smithers(…)` returned: it carries the schemas of `createSmithers`. */
export interface TypedWorkflow {
  readonly _schemas?: Readonly<Record<string, z.ZodType>>;
}

type SchemasOf<W extends TypedWorkflow> = NonNullable<W["_schemas"]>;

/** What a run of the workflow is started with. */
export type WorkflowInput<W extends TypedWorkflow> = string extends keyof SchemasOf<W>
  ? Record<string, unknown>
  : SchemasOf<W> extends { readonly input: infer Input extends z.ZodType }
    ? z.input<Input>
    : Record<string, unknown>;

/** What a run of the workflow may give: the output of its last finished task, as JSON holds it. */
export type WorkflowOutput<W extends TypedWorkflow> = string extends keyof SchemasOf<W>
  ? unknown
  : Json<z.output<SchemasOf<W>[Exclude<keyof SchemasOf<W>, "input">]>>;

/** A value after it has passed through JSON. */
type Json<T> = 0 extends 1 & T // any stays any
  ? T
  : T extends { toJSON(): infer J }
    ? Json<J>
    : T extends readonly unknown[]
      ? { [I in keyof T]: Json<T[I]> }
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

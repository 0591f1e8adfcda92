import { createHash } from "node:crypto";
import { z } from "zod";
import { didYouMean, SmithersError } from "../errors/index.ts";
import { refuse } from "./components/checks.ts";

/** Schemas that validate a workflow's outputs, by key. The key `input` types the run's input. */
export type Schemas = Record<string, z.ZodType>;

/** A reference to an output schema: the schema itself, branded with its key. */
export type OutputRef<Key extends string = string, Schema extends z.ZodType = z.ZodType> = Schema & {
  readonly _outputKey?: Key;
};

export type OutputRefs<S extends Schemas> = { readonly [K in keyof S & string]: OutputRef<K, S[K]> };

/** An output, as the engine needs it. */
export interface OutputSchema {
  readonly key: string;
  readonly schema: z.ZodType;
  /** Hash of the schema's JSON Schema; it distinguishes two shapes under one key. */
  readonly hash: string;
  /** Names of the properties, for the SQL view; empty when the output is not an object. */
  readonly columns: readonly string[];
}

/** How components find the outputs that their props name. */
export type OutputLookup = Pick<OutputRegistry, "byKey" | "find" | "resolve" | "list">;

/** The outputs of one `createSmithers` call. */
export class OutputRegistry {
  readonly #byKey = new Map<string, OutputSchema>();
  readonly #bySchema = new Map<unknown, OutputSchema | "ambiguous">();
  readonly refs: Record<string, z.ZodType> = {};

  constructor(schemas: Schemas) {
    if (typeof schemas !== "object" || schemas === null) {
      throw new SmithersError("INVALID_WORKFLOW", "createSmithers takes an object with a Zod schema for each output.");
    }
    for (const [key, schema] of Object.entries(schemas)) {
      if (!(schema instanceof z.ZodType) && typeof (schema as z.ZodType | undefined)?.safeParse !== "function") {
        throw new SmithersError("INVALID_WORKFLOW", `createSmithers: "${key}" is not a Zod schema.`);
      }
      // Two keys may share a schema object. Clones keep their references distinct.
      const ref = typeof schema.clone === "function" ? schema.clone() : schema;
      const output = describeOutput(key, schema);
      this.refs[key] = ref;
      this.#byKey.set(key, output);
      this.#bySchema.set(ref, output);
      this.#bySchema.set(schema, this.#bySchema.has(schema) && ref !== schema ? "ambiguous" : output);
    }
  }

  /** The schema that validates a run's input, if the workflow has one. */
  get inputSchema(): z.ZodType | undefined {
    return this.input?.schema;
  }

  /** The schema named `input`. */
  get input(): OutputSchema | undefined {
    return this.#byKey.get("input");
  }

  /** The output that has this key now. */
  byKey(key: string): OutputSchema | undefined {
    return this.#byKey.get(key);
  }

  /** All outputs but `input`. */
  list(): OutputSchema[] {
    return [...this.#byKey.values()].filter((output) => output.key !== "input");
  }

  /** The registered output with this schema. */
  find(schema: z.ZodType): OutputSchema | undefined {
    const found = this.#bySchema.get(schema);
    return found === "ambiguous" ? undefined : found;
  }

  /**
   * Finds the output that a reference or a key names.
   * @throws INVALID_WORKFLOW when there is none
   */
  resolve(target: unknown, where: string): OutputSchema {
    const found = typeof target === "string" ? this.#byKey.get(target) : this.#bySchema.get(target);
    if (found === "ambiguous") {
      refuse(where, "two outputs share this schema; use outputs.<key>.");
    }
    if (found?.key === "input") {
      refuse(where, `"input" is the run's input and cannot be used as an output.`);
    }
    if (found) return found;
    const keys = this.list().map(({ key }) => key);
    const problem =
      target === undefined || target === null
        ? "output is required"
        : `${typeof target === "string" ? `"${target}"` : "this value"} is not an output of createSmithers`;
    const meant = typeof target === "string" ? didYouMean(target, keys) : "";
    refuse(where, `${problem}.${meant} Known outputs: ${keys.join(", ") || "none"}.`);
  }
}

/** Whether this is the output of a node that a component adds, which is not a result of the run. */
export const isOwnOutput = (key: string): boolean => key.startsWith("worktree:");

/** Describes an output of this key and schema, registered or not. */
export function describeOutput(key: string, schema: z.ZodType): OutputSchema {
  let shape: { properties?: Record<string, unknown> };
  try {
    shape = z.toJSONSchema(schema, { unrepresentable: "any", io: "output" }) as typeof shape;
  } catch {
    shape = {};
  }
  const hash = createHash("sha256").update(JSON.stringify(shape)).digest("hex").slice(0, 16);
  return { key, schema, hash, columns: Object.keys(shape.properties ?? {}) };
}

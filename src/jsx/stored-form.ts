import { z } from "zod";

/** How to read back a value that a schema has validated and that was stored as JSON. */
export interface StoredForm {
  /**
   * Accepts the JSON of the schema's output and returns the output. Transforms were applied before the value was
   * stored.
   */
  readonly schema: z.ZodType;
  /** Whether the value's JSON differs from its type, as for a Date. */
  readonly isConverted: boolean;
}

const known = new WeakMap<z.ZodType, StoredForm>();

/** The stored form of a schema's output; created once per schema. */
export function storedFormOf(schema: z.ZodType): StoredForm {
  let form = known.get(schema);
  if (!form) known.set(schema, (form = new Reader().read(schema)));
  return form;
}

/** The parts of Zod's definitions that are used: https://zod.dev/packages/core#internals */
interface Definition {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of schema has parts of its own
  readonly [part: string]: any;
}

/** Rebuilds a schema for reading, part by part; unchanged parts stay the same objects. */
class Reader {
  #isConverted = false;
  readonly #lazy = new Map<z.ZodType, z.ZodType>();

  read(schema: z.ZodType): StoredForm {
    const read = this.#part(schema);
    return { schema: read, isConverted: this.#isConverted };
  }

  #part(schema: z.ZodType): z.ZodType {
    const def = (schema as { _zod?: { def?: Definition } })._zod?.def;
    // A schema of another library, or of an earlier Zod, is used as it is.
    if (!def) return schema;
    switch (def.type) {
      case "object":
        return this.#rebuilt(schema, def, { shape: this.#each(def.shape), catchall: this.#maybe(def.catchall) });
      case "array":
        return this.#rebuilt(schema, def, { element: this.#part(def.element) });
      case "tuple":
        return this.#rebuilt(schema, def, { items: this.#list(def.items), rest: this.#maybe(def.rest) });
      case "record":
        return this.#rebuilt(schema, def, { keyType: this.#part(def.keyType), valueType: this.#part(def.valueType) });
      case "union":
        return this.#rebuilt(schema, def, { options: this.#list(def.options) });
      case "intersection":
        return this.#rebuilt(schema, def, { left: this.#part(def.left), right: this.#part(def.right) });
      case "optional":
      case "nullable":
      case "default":
      case "prefault":
      case "nonoptional":
      case "readonly":
      case "catch":
        return this.#rebuilt(schema, def, { innerType: this.#part(def.innerType) });
      case "lazy":
        return this.#lazily(schema, def);
      case "pipe":
        // The input side was transformed before the value was stored.
        return this.#part(def.out);
      case "transform":
        return z.any();
      case "date":
        this.#isConverted = true;
        return z.preprocess((value) => (typeof value === "string" ? new Date(value) : value), schema);
      default:
        return schema;
    }
  }

  #lazily(schema: z.ZodType, def: Definition): z.ZodType {
    const known = this.#lazy.get(schema);
    if (known) return known;
    let read: z.ZodType | undefined;
    const later = z.lazy(() => (read ??= schema));
    this.#lazy.set(schema, later);
    read = this.#part(def.getter());
    return later;
  }

  #each(shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
    const read = Object.entries(shape).map(([name, part]) => [name, this.#part(part)] as const);
    return read.every(([name, part]) => part === shape[name]) ? shape : Object.fromEntries(read);
  }

  #list(parts: readonly z.ZodType[]): readonly z.ZodType[] {
    const read = parts.map((part) => this.#part(part));
    return read.every((part, index) => part === parts[index]) ? parts : read;
  }

  #maybe(part: z.ZodType | null | undefined): z.ZodType | null | undefined {
    return part ? this.#part(part) : part;
  }

  /** The schema with other parts, and with its own checks. */
  #rebuilt(schema: z.ZodType, def: Definition, parts: Readonly<Record<string, unknown>>): z.ZodType {
    const isSame = Object.entries(parts).every(([name, part]) => def[name] === part);
    return isSame ? schema : schema.clone({ ...def, ...parts } as never);
  }
}

import { z } from "zod";

/** The parts of Zod's definitions that are used: https://zod.dev/packages/core#internals */
export interface Definition {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of schema has parts of its own
  readonly [part: string]: any;
}

/** Rebuilds a schema part by part, with some of its parts replaced; unchanged parts stay the same objects. */
export abstract class SchemaCopy {
  readonly #lazy = new Map<z.ZodType, z.ZodType>();

  /** What stands for a part; undefined for a part that is rebuilt of its own parts, or kept when it has none. */
  protected abstract replace(schema: z.ZodType, def: Definition): z.ZodType | undefined;

  /** Whether the checks of a part that is rebuilt stay. */
  protected abstract readonly keepsChecks: boolean;

  of(schema: z.ZodType): z.ZodType {
    const def = (schema as { _zod?: { def?: Definition } })._zod?.def;
    // A schema of another library, or of an earlier Zod, is used as it is.
    if (!def) return schema;
    const replaced = this.replace(schema, def);
    if (replaced) return replaced;
    switch (def.type) {
      case "object":
        return this.#rebuilt(schema, def, { shape: this.#each(def.shape), catchall: this.#maybe(def.catchall) });
      case "array":
        return this.#rebuilt(schema, def, { element: this.of(def.element) });
      case "tuple":
        return this.#rebuilt(schema, def, { items: this.#list(def.items), rest: this.#maybe(def.rest) });
      case "record":
        return this.#rebuilt(schema, def, { keyType: this.of(def.keyType), valueType: this.of(def.valueType) });
      case "union":
        return this.#rebuilt(schema, def, { options: this.#list(def.options) });
      case "intersection":
        return this.#rebuilt(schema, def, { left: this.of(def.left), right: this.of(def.right) });
      case "optional":
      case "nullable":
      case "default":
      case "prefault":
      case "nonoptional":
      case "readonly":
      case "catch":
        return this.#rebuilt(schema, def, { innerType: this.of(def.innerType) });
      case "lazy":
        return this.#lazily(schema, def);
      case "pipe":
        return this.#rebuilt(schema, def, { in: this.of(def.in), out: this.of(def.out) });
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
    read = this.of(def.getter());
    return later;
  }

  #each(shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
    const read = Object.entries(shape).map(([name, part]) => [name, this.of(part)] as const);
    return read.every(([name, part]) => part === shape[name]) ? shape : Object.fromEntries(read);
  }

  #list(parts: readonly z.ZodType[]): readonly z.ZodType[] {
    const read = parts.map((part) => this.of(part));
    return read.every((part, index) => part === parts[index]) ? parts : read;
  }

  #maybe(part: z.ZodType | null | undefined): z.ZodType | null | undefined {
    return part ? this.of(part) : part;
  }

  /** The schema with other parts. */
  #rebuilt(schema: z.ZodType, def: Definition, parts: Readonly<Record<string, unknown>>): z.ZodType {
    const isSame = Object.entries(parts).every(([name, part]) => def[name] === part);
    if (isSame && this.keepsChecks) return schema;
    return schema.clone({ ...def, ...parts, ...(!this.keepsChecks && { checks: [] }) } as never);
  }
}

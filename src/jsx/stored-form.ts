import { z } from "zod";
import { findConverted } from "../model/plain-data.ts";
import { type Definition, SchemaCopy } from "./schema-copy.ts";
import { timeOfText } from "./time-text.ts";

/** How a value that a schema has validated is stored as JSON and read back. */
export interface StoredForm {
  /**
   * Accepts the JSON of the schema's output and returns the output. Transforms were applied before the value was
   * stored.
   */
  readonly schema: z.ZodType;
  /** Accepts what the schema accepts, and an ISO text where it wants a Date: JSON from outside has no Dates. */
  readonly fromJson: z.ZodType;
  /** Whether the value's JSON differs from its type, as for a Date. */
  readonly isConverted: boolean;
  /**
   * Accepts the schema's output if it is read back as what it is. What transforms and custom schemas give is known only
   * when it is there: a Date of theirs would be read back as a text. Undefined for a schema without such parts.
   */
  readonly storable: z.ZodType | undefined;
}

const known = new WeakMap<z.ZodType, StoredForm>();

/** The stored form of a schema's output; created once per schema. */
export function storedFormOf(schema: z.ZodType): StoredForm {
  let form = known.get(schema);
  if (!form) {
    const [stored, storable] = [new Stored(), new Storable()];
    form = {
      schema: stored.of(schema),
      fromJson: new FromJson().of(schema),
      isConverted: stored.isConverted,
      storable: storable.of(schema),
    };
    if (!storable.isNeeded) form = { ...form, storable: undefined };
    known.set(schema, form);
  }
  return form;
}

class Stored extends SchemaCopy {
  isConverted = false;
  protected override readonly keepsChecks = true;

  protected override replace(schema: z.ZodType, { type, out }: Definition): z.ZodType | undefined {
    if (type === "transform") return z.any();
    // The input side was transformed before the value was stored.
    if (type === "pipe") return this.of(out);
    if (type !== "date") return undefined;
    this.isConverted = true;
    return z.preprocess((value) => (typeof value === "string" ? new Date(value) : value), schema);
  }
}

class FromJson extends SchemaCopy {
  protected override readonly keepsChecks = true;

  protected override replace(schema: z.ZodType, { type, coerce }: Definition): z.ZodType | undefined {
    if (type !== "date" || coerce) return undefined;
    return z.preprocess((value) => (typeof value === "string" ? (timeOfText(value) ?? value) : value), schema);
  }
}

const isDate = z.custom((value) => value instanceof Date);
const isPrimitive = z.custom((value) => typeof value !== "object" || value === null);
const primitives: ReadonlySet<string> = new Set(["string", "number", "template_literal"]);
/** Parts whose work is done once a value is validated. */
const wrappers: ReadonlySet<string> = new Set(["default", "prefault", "catch"]);

const readBack = z.any().superRefine((value, context) => {
  const found = findConverted(value);
  if (!found) return;
  const advice = found.what === "a Date" ? "End the schema with .pipe(z.date()), or give text" : "Give plain data";
  const message = `${found.what}, which a transform or a custom schema gives, is read back as something else. ${advice}`;
  context.addIssue({ code: "custom", path: [...found.path], message });
});

class Storable extends SchemaCopy {
  isNeeded = false;
  /** The value has been validated: only its shape is looked at. */
  protected override readonly keepsChecks = false;

  protected override replace(_: z.ZodType, { type, innerType, out }: Definition): z.ZodType | undefined {
    if (type === "pipe") return this.of(out);
    if (wrappers.has(type)) return this.of(innerType);
    if (type === "date") return isDate;
    if (primitives.has(type)) return isPrimitive;
    if (type !== "transform" && type !== "custom") return undefined;
    this.isNeeded = true;
    return readBack;
  }
}

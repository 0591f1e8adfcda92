import { z } from "zod";
import type { EventSpec } from "../../jsx/index.ts";

/** Larger schemas are left out of events, in characters of JSON. */
const maxLength = 4_096;

type JsonSchema = Record<string, unknown>;
const known = new WeakMap<z.ZodType, JsonSchema | undefined>();

/** The JSON Schema of the data that a wait takes; undefined when it takes any, or its schema is large or has no such form. */
export function dataSchemaOf({ payloadSchema, output }: EventSpec): JsonSchema | undefined {
  const schema = payloadSchema ?? output.schema;
  if (!known.has(schema)) known.set(schema, toJsonSchema(schema));
  return known.get(schema);
}

function toJsonSchema(schema: z.ZodType): JsonSchema | undefined {
  try {
    const { $schema: _, ...written } = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as JsonSchema;
    const isTold = Object.keys(written).length > 0 && JSON.stringify(written).length <= maxLength;
    return isTold ? written : undefined;
  } catch {
    // A schema of another library, or of an earlier Zod.
    return undefined;
  }
}

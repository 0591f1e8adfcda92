import { z } from "zod";
import type { ApprovalSpec, EventSpec } from "../../jsx/index.ts";

/** Larger schemas are left out of events, and of questions, in characters of JSON. */
const maxEventLength = 4_096;
const maxQuestionLength = 65_536;

type JsonSchema = Record<string, unknown>;
type Known = { readonly schema: JsonSchema; readonly length: number } | undefined;
const known = new WeakMap<z.ZodType, Known>();

/** The JSON Schema of the data that a wait takes; undefined when it takes any, or its schema is large or has no such form. */
export function dataSchemaOf({ payloadSchema, output }: EventSpec): JsonSchema | undefined {
  return schemaOf(payloadSchema ?? output.schema, maxEventLength);
}

/** The JSON Schema of the answer that a person is asked for; one that takes anything when it is very large. */
export function answerSchemaOf({ answer, output }: ApprovalSpec): JsonSchema {
  return schemaOf((answer?.result ?? output).schema, maxQuestionLength) ?? {};
}

function schemaOf(schema: z.ZodType, maxLength: number): JsonSchema | undefined {
  if (!known.has(schema)) known.set(schema, toJsonSchema(schema));
  const found = known.get(schema);
  return found && found.length <= maxLength ? found.schema : undefined;
}

function toJsonSchema(schema: z.ZodType): Known {
  try {
    const { $schema: _, ...written } = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as JsonSchema;
    return Object.keys(written).length > 0 ? { schema: written, length: JSON.stringify(written).length } : undefined;
  } catch {
    // A schema of another library, or of an earlier Zod.
    return undefined;
  }
}

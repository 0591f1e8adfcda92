import { z } from "zod";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** A value that fits a JSON Schema, as an example for a person; undefined when none is found. */
export function sampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  try {
    const sample = exampleOf(schema, schema, 0);
    return z.fromJSONSchema(schema).safeParse(sample).success ? sample : undefined;
  } catch {
    return undefined;
  }
}

const maxDepth = 16;
const formats: Readonly<Record<string, string>> = {
  date: "2026-01-01",
  "date-time": "2026-01-01T12:00:00Z",
  email: "ann@example.org",
  ipv4: "192.0.2.1",
  time: "12:00:00",
  uri: "https://example.org",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function exampleOf(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  const { $ref, anyOf, oneOf, allOf } = schema;
  if (depth > maxDepth) return null;
  const inner = (part: JsonSchema) => exampleOf(part, root, depth + 1);
  if ($ref !== undefined) return inner($ref === "#" ? root : (root.$defs?.[$ref.split("/").at(-1)!] ?? {}));
  const [given] = [schema.const, schema.default, schema.examples?.[0], schema.enum?.[0]].filter(
    (value) => value !== undefined,
  );
  if (given !== undefined) return given;
  const [option] = anyOf ?? oneOf ?? [];
  if (option) return inner(option);
  if (allOf) return Object.assign({}, ...allOf.map(inner));
  return ofType(schema, inner);
}

function ofType(schema: JsonSchema, inner: (part: JsonSchema) => unknown): unknown {
  const { type, properties = {}, required = [], format = "", minItems = 0, minLength = 0 } = schema;
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      return formats[format] ?? "text".padEnd(minLength, ".");
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 0, (schema.exclusiveMinimum ?? -1) + 1, Math.min(schema.maximum ?? 1, 1));
    case "boolean":
      return true;
    case "array":
      return schema.prefixItems?.map(inner) ?? Array.from({ length: minItems }, () => inner(schema.items ?? {}));
    case "null":
      return null;
    default:
      return Object.fromEntries(required.map((name) => [name, inner(properties[name] ?? {})]));
  }
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
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

/** The smallest value that a JSON Schema describes. Limits such as a pattern are not considered. */
export function smallExample(schema: Readonly<Record<string, unknown>>): unknown {
  return exampleOf(schema, { root: schema, whole: false }, 0);
}

/**
 * An example of what a JSON Schema describes, with its optional properties and an item in each array. A text is its
 * description, when there is one.
 */
export function wholeExample(schema: Readonly<Record<string, unknown>>): unknown {
  return exampleOf(schema, { root: schema, whole: true }, 0);
}

interface Wanted {
  readonly root: JsonSchema;
  readonly whole: boolean;
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

function exampleOf(schema: JsonSchema, wanted: Wanted, depth: number): unknown {
  const { root } = wanted;
  const { $ref, anyOf, oneOf, allOf } = schema;
  if (depth > maxDepth) return null;
  const inner = (part: JsonSchema) => exampleOf(part, wanted, depth + 1);
  if ($ref !== undefined) return inner($ref === "#" ? root : (root.$defs?.[$ref.split("/").at(-1)!] ?? {}));
  const [given] = [schema.const, schema.default, schema.examples?.[0], schema.enum?.[0]].filter(
    (value) => value !== undefined,
  );
  if (given !== undefined) return given;
  const [option] = anyOf ?? oneOf ?? [];
  if (option) return inner(option);
  if (allOf) return Object.assign({}, ...allOf.map(inner));
  return ofType(schema, inner, wanted.whole);
}

function ofType(schema: JsonSchema, inner: (part: JsonSchema) => unknown, whole: boolean): unknown {
  const { type, properties = {}, required = [], format = "", minItems = 0, minLength = 0 } = schema;
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      if (whole && schema.description !== undefined) return schema.description;
      return formats[format] ?? (whole ? "string" : "text").padEnd(minLength, ".");
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 0, (schema.exclusiveMinimum ?? -1) + 1, Math.min(schema.maximum ?? 1, 1));
    case "boolean":
      return true;
    case "array":
      return (
        schema.prefixItems?.map(inner) ??
        Array.from({ length: Math.max(minItems, whole ? 1 : 0) }, () => inner(schema.items ?? {}))
      );
    case "null":
      return null;
    default:
      return Object.fromEntries(
        (whole ? Object.keys(properties) : required).map((name) => [name, inner(properties[name] ?? {})]),
      );
  }
}

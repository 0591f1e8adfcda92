/** Keywords that say what a value looks like; a schema without any of them takes everything. */
const saying = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/**
 * Whether a form can be made from a JSON Schema: it is an object's, and each field says what it is. A field that takes
 * everything would be missing from the form, as if it could not be written.
 */
export function hasFormFor(schema: Readonly<Record<string, unknown>>): boolean {
  return schema.type === "object" && fieldsOf(schema).every(isShown);
}

function isShown(field: unknown): boolean {
  if (typeof field !== "object" || field === null) return false;
  const schema = field as Readonly<Record<string, unknown>>;
  return saying.some((keyword) => keyword in schema) && fieldsOf(schema).every(isShown);
}

/** The schemas of an object's fields and of a list's items. */
function fieldsOf({ properties, items }: Readonly<Record<string, unknown>>): unknown[] {
  return [...Object.values(properties ?? {}), ...(items === undefined ? [] : [items])];
}

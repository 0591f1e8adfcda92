import { usageError } from "../errors.ts";
import { parseJsonText } from "../input/json-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Adds missing fields to the text of a package.json; keeps its values, order and indentation. A dependency that is
 * already named, for use or for development, is not added again.
 * @throws INVALID_USAGE when the text is not a JSON object
 */
export function addMissing(text: string, wanted: Fields): string {
  const read = parseJsonText(text);
  if ("problem" in read) throw usageError(`package.json is not valid JSON: ${read.problem}.`);
  const own = read.value;
  if (!isFields(own)) throw usageError("package.json does not hold a JSON object.");
  const named = { ...asFields(own.dependencies), ...asFields(own.devDependencies) };
  const merged: Record<string, unknown> = { ...own };
  for (const [field, value] of Object.entries(wanted)) {
    const present = own[field] ?? {};
    if (isFields(value) && isFields(present)) {
      const known = /ependencies$/.test(field) ? named : present;
      merged[field] = { ...present, ...Object.fromEntries(Object.entries(value).filter(([name]) => !(name in known))) };
    } else if (own[field] === undefined) merged[field] = value;
  }
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? 2;
  return `${JSON.stringify(merged, null, indent)}\n`;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asFields = (value: unknown): Fields => (isFields(value) ? value : {});

import { jsonWithin } from "./cut.ts";
import { readField } from "./read-field.ts";

/** What a description has in fields of its own, or what is a program's business. */
const told: ReadonlySet<string> = new Set(["name", "message", "stack", "code", "cause", "errors"]);
const ofRuntime: ReadonlySet<string> = new Set(["sourceURL", "line", "column"]);
const secretName = /authorization|cookie|token|secret|passw|credential|api-?_?key|private-?_?key/i;
/** Largest JSON of all fields of one error together, in bytes. */
const maxFieldsBytes = 4_096;
const maxFields = 32;

/**
 * The facts that a library has put on its error, such as `status`, as JSON: numbers, texts, lists and plain objects.
 * Left out are instances of classes, such as sockets and requests, and what a name marks as a secret. Never throws.
 */
export function ownFields(error: object): Record<string, unknown> | undefined {
  const fields: [name: string, value: unknown][] = [];
  for (const name of namesOf(error)) {
    if (fields.length === maxFields) break;
    if (told.has(name) || secretName.test(name)) continue;
    const value = plain(readField(error, name), 0);
    if (value !== undefined) fields.push([name, value]);
  }
  if (fields.length === 0) return undefined;
  return jsonWithin(Object.fromEntries(fields), maxFieldsBytes) as Record<string, unknown>;
}

function namesOf(error: object): string[] {
  try {
    const own = Object.keys(error);
    // On errors of its own, the runtime notes the caller, which may be a file of this package.
    const names = own.includes("sourceURL") ? own.filter((name) => !ofRuntime.has(name)) : own;
    // Zod hides the issues, whose text its message is.
    return readField(error, "name") === "ZodError" ? [...names, "issues"] : names;
  } catch {
    return [];
  }
}

const maxDepth = 4;

/** A copy without what is not data, and without secrets; undefined when nothing is left. */
function plain(value: unknown, depth: number): unknown {
  try {
    return copyOf(value, depth);
  } catch {
    // A proxy may throw whatever is asked of it.
    return undefined;
  }
}

function copyOf(value: unknown, depth: number): unknown {
  if (value === null || ["string", "number", "boolean", "bigint"].includes(typeof value)) return value;
  if (typeof value !== "object" || depth === maxDepth) return undefined;
  if (value instanceof Date || value instanceof URL) return jsonWithin(value, maxFieldsBytes);
  if (Array.isArray(value)) return value.slice(0, maxFields).map((item) => plain(item, depth + 1) ?? null);
  if (!isPlain(value)) return undefined;
  const names = namesOf(value).filter((name) => !secretName.test(name));
  const entries = names.slice(0, maxFields).map((name) => [name, plain(readField(value, name), depth + 1)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

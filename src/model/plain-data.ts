/** What JSON would lose of a value: where it is, and what it is. */
export interface Loss {
  /** Keys and indexes from the outside in. */
  readonly path: readonly (string | number)[];
  /** `a Promise (a forgotten await?)`, `NaN`. */
  readonly what: string;
}

/**
 * Finds the first thing in a value that JSON cannot keep: a Promise, an Error, a Map, bytes, NaN, a function, a cycle.
 * Plain objects, arrays, valid Dates and instances of classes with fields or a `toJSON` of their own are kept.
 */
export function lossIn(value: unknown): Loss | undefined {
  return find(value, [], []);
}

/** A loss as the end of a sentence: `rows.0.v is a Promise`. */
export function lossText({ path, what }: Loss): string {
  return path.length === 0 ? `it is ${what}` : `${path.join(".")} is ${what}`;
}

function find(value: unknown, path: (string | number)[], ancestors: object[]): Loss | undefined {
  const what = typeof value === "object" && value !== null ? lostObject(value, ancestors) : lostPrimitive(value);
  if (what !== undefined) return { path: [...path], what };
  if (typeof value !== "object" || value === null || "toJSON" in value) return undefined;
  ancestors.push(value);
  // Lists of numbers may be long, so no entries are made of them.
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const length = keys?.length ?? (value as unknown[]).length;
  for (let index = 0; index < length; index += 1) {
    const key = keys ? keys[index]! : index;
    const child = (value as Record<string | number, unknown>)[key];
    if (typeof child === "string" || typeof child === "boolean" || child === undefined || child === null) continue;
    path.push(key);
    const lost = find(child, path, ancestors);
    if (lost) return lost;
    path.pop();
  }
  ancestors.pop();
  return undefined;
}

function lostPrimitive(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : String(value);
    case "bigint":
      return "a BigInt";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "undefined":
      return "undefined";
    default:
      return undefined;
  }
}

/** Objects that JSON reads by their fields, or by their value. */
const kept: ReadonlySet<string> = new Set(["Object", "Array", "Number", "String", "Boolean", "Arguments"]);

function lostObject(value: object, ancestors: readonly object[]): string | undefined {
  if (ancestors.includes(value)) return "a cycle";
  // A Buffer has a toJSON, which makes a list of numbers of it.
  if (ArrayBuffer.isView(value)) return `a ${tagOf(value)}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : undefined;
  if ("toJSON" in value) return undefined;
  // A thenable is awaited only where a task returns it as a whole.
  if (value instanceof Promise) return "a Promise (a forgotten await?)";
  const tag = tagOf(value);
  if (kept.has(tag)) return undefined;
  return /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

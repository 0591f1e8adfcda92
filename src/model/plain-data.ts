/** What JSON would lose of a value: where it is, and what it is. */
export interface Loss {
  /** Keys and indexes from the outside in. */
  readonly path: readonly (string | number)[];
  /** `a Promise (a forgotten await?)`, `NaN`. */
  readonly what: string;
}

/**
 * Finds the first thing in a value that JSON cannot keep: a Promise, an Error, a Map, bytes, NaN, a function, a cycle, an
 * item of a list that is undefined.
 * Plain objects, arrays, valid Dates and instances of classes with fields or a `toJSON` of their own are kept.
 */
export function lossIn(value: unknown): Loss | undefined {
  const search = { path: [], ancestors: [], values: 0 };
  const found = find(value, { ...search, depthWithoutCycles: usualDepth });
  return found === deep ? find(value, { ...search, path: [], ancestors: [], depthWithoutCycles: 0 }) : found;
}

/** A loss as the end of a sentence: `rows.0.v is a Promise`. */
export function lossText({ path, what }: Loss): string {
  return path.length === 0 ? `it is ${what}` : `${path.join(".")} is ${what}`;
}

/** Deepest nesting that is kept: what is deeper may exhaust the stack of a reader. */
const maxDepth = 5_000;
/** Steps of a path that are told of a value that nests too deep. */
const toldSteps = 5;

/** Most parts of a value, each of which takes two bytes of JSON at least. One that is used again counts again. */
const maxValues = 10_000_000;

/** Looking for cycles takes longer than all the rest, and most values nest in few levels. */
const usualDepth = 40;

/** Found instead of a loss: the value nests so deep that it may contain a cycle. */
const deep: Loss = { path: [], what: "deep" };

interface Search {
  /** Depth up to which no cycles are looked for; 0 when they are looked for everywhere. */
  readonly depthWithoutCycles: number;
  /** From the outside in. */
  readonly path: (string | number)[];
  readonly ancestors: object[];
  /** How many parts have been looked at. */
  values: number;
}

function find(given: unknown, search: Search): Loss | undefined {
  const { path, ancestors, depthWithoutCycles } = search;
  if (depthWithoutCycles > 0 && ancestors.length === depthWithoutCycles) return deep;
  const around = depthWithoutCycles > 0 ? none : ancestors;
  let value = given;
  let what = lostOf(value, around);
  if (what === undefined && hasToJson(value) && !(value instanceof Date)) {
    value = value.toJSON(String(path.at(-1) ?? ""));
    what = lostOf(value, around);
    if (what !== undefined) what += ", by its toJSON";
  }
  if (what !== undefined) return { path: [...path], what };
  if (typeof value !== "object" || value === null || value instanceof Date) return undefined;
  if (ancestors.length === maxDepth) {
    return { path: path.slice(0, toldSteps), what: `nested in more than ${maxDepth} levels` };
  }
  ancestors.push(value);
  // Lists of numbers may be long, so no entries are made of them.
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const length = keys?.length ?? (value as unknown[]).length;
  search.values += length;
  if (search.values > maxValues) {
    return { path: [], what: `made of more than ${maxValues} values, where a part that is used again counts again` };
  }
  for (let index = 0; index < length; index += 1) {
    const key = keys ? keys[index]! : index;
    const child = (value as Record<string | number, unknown>)[key];
    if (typeof child === "string" || typeof child === "boolean" || child === null || key === "toJSON") continue;
    // A field that is undefined is read back so; an item of a list would become null.
    if (child === undefined && keys) continue;
    path.push(key);
    const lost = find(child, search);
    if (lost) return lost;
    path.pop();
  }
  ancestors.pop();
  return undefined;
}

const none: readonly object[] = [];

function lostOf(value: unknown, ancestors: readonly object[]): string | undefined {
  return typeof value === "object" && value !== null ? lostObject(value, ancestors) : lostPrimitive(value);
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === "object" && value !== null && typeof (value as { toJSON?: unknown }).toJSON === "function";
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
  if (isPlain(value)) return undefined;
  // A Buffer has a toJSON, which makes a list of numbers of it.
  if (ArrayBuffer.isView(value)) return `a ${tagOf(value)}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : undefined;
  if (hasToJson(value)) return undefined;
  // A thenable is awaited only where a task returns it as a whole.
  if (value instanceof Promise) return "a Promise (a forgotten await?)";
  const tag = tagOf(value);
  if (kept.has(tag)) return undefined;
  return withArticle(tag);
}

/** Whether a value is surely an object or an array that JSON reads by its fields or by its own `toJSON`. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isUsual = prototype === Object.prototype || prototype === Array.prototype;
  return isUsual && (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === undefined;
}

function withArticle(name: string): string {
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** An object that is read back from JSON as something else: a Date, a URL, an instance of an author's class. */
export function findConverted(value: unknown): Loss | undefined {
  return converted(value, [], []);
}

function converted(value: unknown, path: (string | number)[], ancestors: object[]): Loss | undefined {
  if (typeof value !== "object" || value === null || ancestors.includes(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isKept = prototype === null || prototype === Object.prototype || prototype === Array.prototype;
  if (!isKept || hasToJson(value)) return { path: [...path], what: nameOf(value) };
  ancestors.push(value);
  for (const [key, child] of Object.entries(value)) {
    path.push(key);
    const found = converted(child, path, ancestors);
    if (found) return found;
    path.pop();
  }
  ancestors.pop();
  return undefined;
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return withArticle(typeof name === "string" && name !== "" ? name : tagOf(value));
}

import { messageOf, SmithersError, textOf } from "../../errors/index.ts";
import { hasSuffix } from "../loop-places.ts";

/** Maximum length of a node id, in characters. */
const maxIdLength = 256;

/**
 * Refuses a component.
 * @param where its tag, with its id if it has one: `<Task id="build">`
 */
export function refuse(where: string, what: string): never {
  const nodeId = /^<\w+ id="(.*)">$/s.exec(where)?.[1];
  throw new SmithersError("INVALID_WORKFLOW", `${where}: ${what}`, nodeId === undefined ? {} : { details: { nodeId } });
}

export function checkId(component: string, id: unknown): string {
  if (typeof id !== "string" && id !== undefined && id !== null) {
    refuse(`<${component}>`, `id must be a string; it is of type ${typeof id}.`);
  }
  if (typeof id !== "string" || id.trim() === "") refuse(`<${component}>`, "id is required and must not be empty.");
  if (id.length > maxIdLength) refuse(`<${component}>`, `id is longer than ${maxIdLength} characters.`);
  if (/[\p{Cc}\p{Cs}]/u.test(id)) {
    refuse(`<${component}>`, "id contains a control character or an unpaired surrogate.");
  }
  if (isDots(id)) refuse(`<${component}>`, `id must not be "${id}", which no address can have in its path.`);
  if (hasSuffix(id))
    refuse(`<${component}>`, `id contains "@@", which is reserved for the iterations of nested loops.`);
  return id;
}

/** Whether a name is one that addresses read as a folder. */
export const isDots = (name: string): boolean => name === "." || name === "..";

/** Longest text of a prop, in characters, and largest JSON. Both are stored with each frame or each question. */
const maxTextLength = 16_384;
const maxJsonLength = 65_536;

/** Checks an optional string; returns null when it is absent. */
export function checkText(where: string, name: string, value: string | null | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") refuse(where, `${name} must be a string; it is of type ${typeof value}.`);
  if (value.length > maxTextLength) {
    refuse(where, `${name} has ${value.length} characters; the limit is ${maxTextLength}.`);
  }
  return value;
}

/** A value for a message: a text in quotes, which tells `"5"` from `5`. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : textOf(value);
}

/** Checks a number of milliseconds of at least 0. */
export function checkMs(where: string, name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    refuse(where, `${name} must be a number of milliseconds of at least 0; it is ${shown(value)}.`);
  }
  return value;
}

/** Checks a whole number of at least `least`. */
export function checkCount(where: string, name: string, value: number | undefined, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (value === Number.POSITIVE_INFINITY) return value;
  if (!Number.isInteger(value) || value < least) {
    refuse(where, `${name} must be a whole number of at least ${least}; it is ${shown(value)}.`);
  }
  return value;
}

/** The ids of the nodes that must be done before this one, without duplicates. */
export function checkDependencies(where: string, dependsOn: unknown, needs: unknown): string[] {
  const ids = dependsOn ?? [];
  if (!Array.isArray(ids) || !ids.every(isText)) refuse(where, "dependsOn must be an array of node ids.");
  const named = needs ?? {};
  if (typeof named !== "object" || !Object.values(named).every(isText)) {
    refuse(where, "needs must be an object whose values are node ids.");
  }
  return [...new Set([...ids, ...Object.values(named)])];
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Checks a value that is stored as JSON. */
export function checkJson<T>(where: string, name: string, value: T): T {
  if (value === undefined) return value;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    refuse(where, `${name} cannot be stored as JSON: ${messageOf(cause)}`);
  }
  if (json !== undefined && json.length > maxJsonLength) {
    refuse(where, `${name} has ${json.length} characters of JSON; the limit is ${maxJsonLength}.`);
  }
  return value;
}

export function checkOneOf<T extends string>(where: string, name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) refuse(where, `${name} must be one of ${allowed.join(", ")}; it is ${shown(value)}.`);
  return value;
}

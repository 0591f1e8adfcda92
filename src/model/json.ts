import { messageOf, SmithersError } from "../errors/index.ts";

/** Largest output, in bytes of JSON. */
export const maxOutputBytes = 10_485_760;

/** Deepest nesting of JSON from outside. */
export const maxJsonDepth = 32;

/** Whether `value` nests deeper than `limit` arrays and objects. */
export function nestsDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit === 0) return true;
  for (const child of Object.values(value)) if (nestsDeeperThan(child, limit - 1)) return true;
  return false;
}

/** Finds a value that JSON would reduce to an empty object. `value` must be encodable, and so without cycles. */
function lossIn(value: unknown): "Map" | "Set" | undefined {
  if (typeof value !== "object" || value === null || "toJSON" in value) return undefined;
  if (value instanceof Map) return "Map";
  if (value instanceof Set) return "Set";
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    const lost = lossIn(child);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/**
 * Encodes a task's output as JSON. A Date becomes ISO text.
 * @throws INVALID_OUTPUT for a value without a JSON form (BigInt, a cycle, a function, undefined, a Map),
 *   OUTPUT_TOO_LARGE above `maxOutputBytes`
 */
export function encodeOutput(nodeId: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new SmithersError("INVALID_OUTPUT", `The output of "${nodeId}" cannot be stored as JSON: ${reason}.`, {
      cause,
    });
  }
  if (text === undefined) {
    throw new SmithersError(
      "INVALID_OUTPUT",
      `The output of "${nodeId}" cannot be stored as JSON: it is ${typeof value}.`,
    );
  }
  const lost = lossIn(value);
  if (lost !== undefined) {
    throw new SmithersError(
      "INVALID_OUTPUT",
      `The output of "${nodeId}" cannot be stored as JSON: the content of a ${lost} would be lost.`,
    );
  }
  // UTF-8 takes at most three bytes per UTF-16 unit, so most outputs need no count.
  if (text.length * 3 > maxOutputBytes) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxOutputBytes) {
      throw new SmithersError(
        "OUTPUT_TOO_LARGE",
        `The output of "${nodeId}" has ${bytes} bytes; the limit is ${maxOutputBytes}.`,
        { details: { bytes, maxBytes: maxOutputBytes } },
      );
    }
  }
  return text;
}

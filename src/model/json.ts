import { messageOf, SmithersError } from "../errors/index.ts";
import { stopwatch, yieldToEventLoop } from "../timing/index.ts";
import { type Loss, lossIn, lossText } from "./plain-data.ts";

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

/**
 * Encodes a task's output as JSON. A Date becomes ISO text.
 * @throws INVALID_OUTPUT for a value that JSON does not keep (a BigInt, a cycle, a function, undefined, a Map, a Promise,
 *   NaN), with its path; OUTPUT_TOO_LARGE above `maxOutputBytes`
 */
export function encodeOutput(nodeId: string, value: unknown): string {
  const text = encode(value, (reason, path, cause) => {
    const issues = [{ path, message: reason, code: "custom" }];
    return new SmithersError("INVALID_OUTPUT", `The output of "${nodeId}" cannot be stored as JSON: ${reason}.`, {
      details: { issues },
      cause,
    });
  });
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

/** Makes the error for a value that JSON does not keep. */
export type Refuse = (reason: string, path: readonly (string | number)[], cause?: unknown) => SmithersError;

/**
 * Encodes plain data as JSON.
 * @throws what `refuse` makes, for a value that JSON does not keep
 */
export function encode(value: unknown, refuse: Refuse): string {
  refuseLost(value, refuse);
  return textOf(value, refuse);
}

/** Like {@link encode}, but other work gets a turn before a value is written that took long to look at. */
export async function encodeInTurns(value: unknown, refuse: Refuse): Promise<string> {
  const elapsedMs = stopwatch();
  refuseLost(value, refuse);
  if (elapsedMs() > longLookMs) await yieldToEventLoop();
  return textOf(value, refuse);
}

const longLookMs = 5;

function refuseLost(value: unknown, refuse: Refuse): void {
  let lost: Loss | undefined;
  try {
    lost = lossIn(value);
  } catch (cause) {
    throw refuse(messageOf(cause), [], cause);
  }
  if (lost) throw refuse(lossText(lost), lost.path);
}

function textOf(value: unknown, refuse: Refuse): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw refuse(messageOf(cause), [], cause);
  }
  // A toJSON may give something else each time.
  if (text === undefined) throw refuse("it has no JSON form", []);
  return text;
}

import { SmithersError } from "../../errors/index.ts";
import { maxJsonDepth, nestsDeeperThan } from "../../model/index.ts";

/**
 * Parses a request's body.
 * @throws INVALID_JSON when it is not JSON, or means different things to different parsers; INVALID_REQUEST when it is
 *   nested too deep
 */
export function parseJson(bytes: ArrayBuffer): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not valid UTF-8";
    throw new SmithersError("INVALID_JSON", `The request body is not valid JSON: ${reason}.`);
  }
  if (nestsDeeperThan(value, maxJsonDepth)) {
    throw new SmithersError("INVALID_REQUEST", `The request body is nested more than ${maxJsonDepth} levels deep.`, {
      details: { field: "body" },
    });
  }
  refuseAmbiguousKeys(text);
  return value;
}

/**
 * Refuses repeated keys, of which one value would be lost, and `__proto__`, which some parsers treat specially. `text`
 * must be valid JSON; scanning its strings, braces and colons is then enough.
 */
function refuseAmbiguousKeys(text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const start = at;
      at = endOfString(text, start);
      if (!isKey(text, at)) continue;
      const raw = text.slice(start + 1, at);
      const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
      const keys = open.at(-1)!;
      if (key === "__proto__" || keys.has(key)) throw ambiguous(key);
      keys.add(key);
    }
  }
}

/** Index of the quote that ends the string starting at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = start + 1; ; end += 1) {
    end = text.indexOf('"', end);
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

function isKey(text: string, endOfString: number): boolean {
  let next = endOfString + 1;
  while (text.charCodeAt(next) <= 32) next += 1;
  return text[next] === ":";
}

function ambiguous(key: string): SmithersError {
  const problem =
    key === "__proto__" ? "must not contain the key __proto__" : `has the key ${JSON.stringify(key)} twice`;
  return new SmithersError("INVALID_JSON", `The request body ${problem}.`, { details: { field: key } });
}

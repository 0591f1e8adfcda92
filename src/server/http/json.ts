import { SmithersError } from "../../errors/index.ts";
import { maxJsonDepth } from "../../model/index.ts";
import { yieldToEventLoop } from "../../timing/index.ts";

/**
 * Parses a request's body. A long one gives other requests a turn in between.
 * @throws INVALID_JSON when it is not JSON, or means different things to different parsers; INVALID_REQUEST when it is
 *   nested too deep
 */
export async function parseJson(bytes: ArrayBuffer): Promise<unknown> {
  let text: string;
  let value: unknown;
  try {
    text = strict.decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not valid UTF-8";
    throw new SmithersError("INVALID_JSON", `The request body is not valid JSON: ${reason}.`);
  }
  if (text.length > longText) await yieldToEventLoop();
  await checkNames(text);
  return value;
}

const strict = new TextDecoder("utf-8", { fatal: true });
/** Characters that are looked at before other requests get a turn. */
const longText = 131_072;
const quote = 0x22;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Refuses deep nesting, numbers that would be rounded, repeated keys, because one of their values would be lost, and `__proto__`, which some parsers treat
 * specially. `text` must be valid JSON; one pass over its strings, brackets and colons is then enough. A walk over the
 * values would block the server ten times as long when there are many small ones.
 */
async function checkNames(text: string): Promise<void> {
  let yieldAt = longText;
  /** The keys of each object and array around the place; undefined until there is one. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (at >= yieldAt) {
      yieldAt = at + longText;
      await yieldToEventLoop();
    }
    switch (text.charCodeAt(at)) {
      case openBrace:
      case openBracket:
        if (open.length === maxJsonDepth) throw tooDeep();
        open.push(undefined);
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        break;
      case quote: {
        const start = at;
        at = endOfString(text, start);
        if (!isKey(text, at)) break;
        const raw = text.slice(start + 1, at);
        const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
        const last = open.length - 1;
        const keys = open[last];
        if (key === "__proto__" || keys?.has(key)) throw ambiguous(key);
        if (keys) keys.add(key);
        else open[last] = new Set([key]);
        break;
      }
      default:
        if (isDigit(text.charCodeAt(at))) at = checkNumber(text, at);
    }
  }
}

/** Whether a number with a fraction or an exponent means what it says. Fractions may be rounded, as everywhere. */
function isKept(written: string, number: number): boolean {
  if (!Number.isFinite(number)) return false;
  if (number === 0) return digitsIn(written) === "";
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER || digitsIn(written) === digitsIn(String(number));
}

/** Digits that are looked at: more than any number has that is kept exactly. */
const maxDigits = 400;

/** The digits of a number before its exponent, without the zeros around them. */
function digitsIn(written: string): string {
  const [digits = ""] = written.slice(0, maxDigits).split(/[eE]/);
  return digits.replace(".", "").replace(/^0+|0+$/g, "");
}

/**
 * Refuses an integer that would be rounded, however it is written, and a number that would be infinite or zero.
 * @returns the index of the number's last character
 */
function checkNumber(text: string, start: number): number {
  let end = start + 1;
  while (isDigit(text.charCodeAt(end))) end += 1;
  const digits = end - start;
  const isInteger = !/[.eE]/.test(text.charAt(end));
  if (isInteger && digits < 16) return end - 1;
  while (/[\d.eE+-]/.test(text.charAt(end))) end += 1;
  const written = text.slice(start, end);
  const number = Number(written);
  if (isInteger ? Number.isSafeInteger(number) : isKept(written, number)) return end - 1;
  const shown = text.slice(text[start - 1] === "-" ? start - 1 : start, end);
  throw new SmithersError(
    "INVALID_JSON",
    `The request body has the number ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}, which would not be kept exactly. Send it as a string.`,
    { details: { field: "body" } },
  );
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function tooDeep(): SmithersError {
  return new SmithersError("INVALID_REQUEST", `The request body is nested more than ${maxJsonDepth} levels deep.`, {
    details: { field: "body" },
  });
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

import type { z } from "zod";
import { plainIssues, summary } from "../../model/index.ts";

/** An answer after reading: the value in it that fits the schema, or the reason why none does. */
export type Reading = { fits: true; value: unknown } | { fits: false; reason: string; text: string };

/** Finds the first value in an agent's answer that fits the schema. */
export async function readAnswer(schema: z.ZodType, answer: unknown): Promise<Reading> {
  const text = textIn(answer);
  let reason: string | undefined;
  for (const value of candidates(answer, text)) {
    const parsed = await schema.safeParseAsync(value);
    if (parsed.success) return { fits: true, value };
    reason ??= summary(plainIssues(parsed.error));
  }
  return { fits: false, reason: reason ?? "it contains no JSON value", text: text ?? asText(answer) };
}

/** Every value that the answer may mean, most likely first. */
function* candidates(answer: unknown, text: string | undefined): Generator<unknown> {
  if (isObject(answer)) {
    for (const field of ["output", "object"]) {
      const value = read(answer, field);
      if (value !== undefined && value !== null && value !== text) yield value;
    }
  }
  if (text !== undefined) {
    yield* jsonIn(text);
    if (text.trim() !== "") yield text;
  }
  // Results of the AI SDK are instances of a class: they contain the answer, but are not the answer.
  if (!isObject(answer)) {
    if (typeof answer !== "string" && answer !== undefined) yield answer;
  } else if (Array.isArray(answer) || [Object.prototype, null].includes(Object.getPrototypeOf(answer))) yield answer;
}

function textIn(answer: unknown): string | undefined {
  if (typeof answer === "string") return answer;
  const text = isObject(answer) ? read(answer, "text") : undefined;
  return typeof text === "string" ? text : undefined;
}

/** How many characters are looked at, in all, to find the ends of values in a text. */
const maxScanned = 5_000_000;

/** JSON values in a text: the whole text, then its code fences, then what brackets enclose; the last of each first. */
function* jsonIn(text: string): Generator<unknown> {
  const fences = [...text.matchAll(/```\w*\s*([\s\S]*?)```/g)].map((match) => match[1]!).reverse();
  for (const piece of [text, ...fences]) {
    const value = parseJson(piece);
    if (value) yield value.parsed;
  }
  for (const { parsed } of enclosedIn(text).reverse()) yield parsed;
}

/** The objects and arrays in a text that stand in no other one. Brackets of the prose around them do not matter. */
function enclosedIn(text: string): { parsed: unknown }[] {
  const found: { parsed: unknown }[] = [];
  let scanned = 0;
  for (let start = nextBracket(text, 0); start >= 0 && scanned < maxScanned; ) {
    const end = endOf(text, start);
    scanned += (end < 0 ? text.length : end) - start;
    const value = end < 0 ? undefined : parseJson(text.slice(start, end));
    if (value) found.push(value);
    start = nextBracket(text, value ? end : start + 1);
  }
  return found;
}

function nextBracket(text: string, from: number): number {
  const bracket = /[[{]/g;
  bracket.lastIndex = from;
  return bracket.exec(text)?.index ?? -1;
}

/** Where the value that begins with this bracket ends, as far as brackets and strings tell; -1 when it does not end. */
function endOf(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

function parseJson(text: string): { parsed: unknown } | undefined {
  try {
    return { parsed: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Reads a field. The AI SDK's `output` is a getter that throws when the model gave no output. */
function read(answer: object, field: string): unknown {
  try {
    return (answer as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

function asText(answer: unknown): string {
  try {
    return JSON.stringify(answer) ?? String(answer);
  } catch {
    return String(answer);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

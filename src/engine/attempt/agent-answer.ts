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

/** How many opening brackets of an answer are tried as the start of its value. */
const maxStarts = 100;

/** JSON values in a text: the whole text, then its code fences, last first, then what is between two brackets. */
function* jsonIn(text: string): Generator<unknown> {
  const fences = [...text.matchAll(/```\w*\s*([\s\S]*?)```/g)].map((match) => match[1]!).reverse();
  for (const piece of [text, ...fences, ...bracketed(text)]) {
    try {
      yield JSON.parse(piece);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
}

function* bracketed(text: string): Generator<string> {
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]")) + 1;
  let tried = 0;
  for (const { index } of text.matchAll(/[[{]/g)) {
    if (index >= end || ++tried > maxStarts) return;
    yield text.slice(index, end);
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

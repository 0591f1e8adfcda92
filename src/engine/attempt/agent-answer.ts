import type { z } from "zod";
import { plainIssues, summary } from "../../model/index.ts";

/** An answer that was looked at: the value in it that fits the schema, or why there is none. */
export type Reading = { fits: true; value: unknown } | { fits: false; reason: string; text: string };

/** Finds the value in an agent's answer that fits the schema. */
export async function readAnswer(schema: z.ZodType, answer: unknown): Promise<Reading> {
  const text = textIn(answer);
  let reason: string | undefined;
  for (const value of candidates(answer, text)) {
    const parsed = await schema.safeParseAsync(value);
    if (parsed.success) return { fits: true, value };
    reason ??= summary(plainIssues(parsed.error));
  }
  return { fits: false, reason: reason ?? "it holds no JSON value", text: text ?? asText(answer) };
}

/** Every value that the answer may mean, the likeliest first. */
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
  // The results of the AI SDK are objects of a class: they hold the answer and are none.
  if (!isObject(answer)) {
    if (typeof answer !== "string" && answer !== undefined) yield answer;
  } else if (Array.isArray(answer) || [Object.prototype, null].includes(Object.getPrototypeOf(answer))) yield answer;
}

function textIn(answer: unknown): string | undefined {
  if (typeof answer === "string") return answer;
  const text = isObject(answer) ? read(answer, "text") : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Opening brackets in an answer that are tried as the beginning of its value. */
const maxBeginnings = 100;

/** The whole text, or what is in a fence of it, the last first, or what stands between two brackets. */
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
    if (index >= end || ++tried > maxBeginnings) return;
    yield text.slice(index, end);
  }
}

/** The AI SDK's `output` is a getter that throws when the model gave none. */
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

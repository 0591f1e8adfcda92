import { readFileSync } from "node:fs";
import { maxJsonDepth, nestsDeeperThan } from "../../model/index.ts";
import { usageError } from "../errors.ts";
import { parseJsonText } from "./json-text.ts";

/**
 * Reads the input of a run from the value of --input: a JSON object, `@file`, or `-` for stdin.
 * @throws INVALID_USAGE; for invalid JSON, with the position
 */
export function readInput(given: string | undefined): Record<string, unknown> {
  if (given === undefined) return {};
  const { name, value } = readNamed(given, "--input", `Pass an object, such as {"version": "1.2"}.`);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usageError(`${name} is not a JSON object. Pass one, such as {"version": "1.2"}.`);
}

/**
 * Reads JSON from the value of an option: JSON, `@file`, or `-` for stdin.
 * @param option name for messages, such as `--data`
 * @throws INVALID_USAGE; for invalid JSON, with the position
 */
export function readJsonOption(given: string, option: string): unknown {
  return readNamed(given, option, "Pass JSON.").value;
}

/** @param next advice for an empty text */
function readNamed(given: string, option: string, next: string): { name: string; value: unknown } {
  const { text, name } = textOf(given, option);
  if (text.trim() === "") throw usageError(`${name} is empty. ${next}`);
  const parsed = parseJsonText(text);
  if ("problem" in parsed) throw usageError(`${name} is not valid JSON: ${parsed.problem}.`);
  const { value } = parsed;
  if (nestsDeeperThan(value, maxJsonDepth))
    throw usageError(`${name} is nested more than ${maxJsonDepth} levels deep.`);
  return { name, value };
}

function textOf(given: string, option: string): { text: string; name: string } {
  if (given !== "-" && !given.startsWith("@")) return { text: given, name: `The value of ${option}` };
  const file = given === "-" ? undefined : given.slice(1);
  if (file === "") throw usageError(`The option ${option} names no file. Write the path after the @.`);
  const name = file === undefined ? "The input from stdin" : `The file ${file}`;
  if (file === undefined && process.stdin.isTTY) {
    throw usageError(`${option} - reads JSON from stdin, but stdin is a terminal. Pipe the JSON in, or use @file.`);
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file ?? 0);
  } catch (error) {
    throw usageError(`${name} cannot be read: ${(error as Error).message}.`);
  }
  return { text: decoded(bytes, name), name };
}

/** Decodes UTF-8, with or without a byte order mark, or UTF-16, which some editors and shells on Windows write. */
function decoded(bytes: Uint8Array, name: string): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`${name} is not valid UTF-8 text.`);
  }
}

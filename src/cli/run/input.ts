import { readFileSync } from "node:fs";
import { maxJsonDepth, nestsDeeperThan } from "../../model/index.ts";
import { usageError } from "../errors.ts";
import { parseJsonText } from "../json-text.ts";

/**
 * The input of a run as --input gives it: JSON, `@` and a file of it, or `-` for what comes on stdin.
 * @throws INVALID_USAGE with the place where it is no JSON
 */
export function readInput(given: string | undefined): Record<string, unknown> {
  if (given === undefined) return {};
  const { text, name } = textOf(given);
  if (text.trim() === "") throw usageError(`${name} is empty. Give an object, as {"version": "1.2"}.`);
  const parsed = parseJsonText(text);
  if ("problem" in parsed) throw usageError(`${name} is no JSON: ${parsed.problem}.`);
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw usageError(`${name} is no object. Give one, as {"version": "1.2"}.`);
  }
  if (nestsDeeperThan(value, maxJsonDepth)) throw usageError(`${name} nests deeper than ${maxJsonDepth} levels.`);
  return value as Record<string, unknown>;
}

function textOf(given: string): { text: string; name: string } {
  if (given !== "-" && !given.startsWith("@")) return { text: given, name: "The --input" };
  const file = given === "-" ? undefined : given.slice(1);
  if (file === "") throw usageError("The --input names no file: write it behind the @.");
  const name = file === undefined ? "What came on stdin" : `The file ${file}`;
  if (file === undefined && process.stdin.isTTY) {
    throw usageError("With --input - the input is read from stdin, which is a terminal. Pipe it in, or name a @file.");
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file ?? 0);
  } catch (error) {
    throw usageError(`${name} cannot be read: ${(error as Error).message}.`);
  }
  return { text: decoded(bytes, name), name };
}

/** UTF-8, with or without a byte order mark; or UTF-16, which some editors and shells on Windows write. */
function decoded(bytes: Uint8Array, name: string): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`${name} is no text in UTF-8.`);
  }
}

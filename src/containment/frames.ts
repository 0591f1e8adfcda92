import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { placeInSource } from "./source-lines.ts";

/** A line of a stack that names a place in a file. */
export interface StackFrame {
  /** Absolute. */
  readonly file: string;
  /** Lines and columns count from 1. */
  readonly line: number;
  readonly column: number;
  /** The line, without the space around it. */
  readonly text: string;
}

// "at name (file:1:2)" or "at file:1:2". A file's path may have brackets and line breaks of its own.
const named = /^at (?:.*? )?\((.+):(\d+):(\d+)\)$/s;
const bare = /^at (?:async )?(.+):(\d+):(\d+)$/s;

/** Longer than a path can be. An expression takes long over longer ones. */
const maxLineLength = 5_000;

/** Files with a backslash in their path, by the path that stacks have for them: Bun reads a backslash as a slash. */
const withBackslash = new Map<string, string>();

/** Makes known the files whose stacks are read from now on. A file that Bun names by another file's path is left out. */
export function noteBackslashes(files: Iterable<string>): void {
  for (const file of files) {
    if (!file.includes("\\")) continue;
    const named = file.replaceAll("\\", "/");
    if (!existsSync(named)) withBackslash.set(named, file);
  }
}

/** The lines of a stack that name a file; those of the runtime itself do not. Never throws. */
export function framesOf(stack: string): StackFrame[] {
  return stack.split(/\n(?=\s*at )/).flatMap((line) => {
    const text = line.trim();
    if (text.length > maxLineLength) return [];
    const [, path, row, column] = (text.endsWith(")") ? named : bare).exec(text) ?? [];
    const file = path && fileOf(path);
    if (file === undefined || !isAbsolute(file)) return [];
    const real = withBackslash.get(file) ?? file;
    const at = placeInSource(real, Number(row), Number(column));
    const told = text.replace(`${path}:${row}:${column}`, () => `${real}:${at.line}:${at.column}`);
    return [{ file: real, ...at, text: real === file && at.line === Number(row) ? text : told }];
  });
}

/** A stack may say anything: code can write it. */
function fileOf(path: string): string | undefined {
  if (!path.startsWith("file://")) return path;
  try {
    return fileURLToPath(path);
  } catch {
    return undefined;
  }
}

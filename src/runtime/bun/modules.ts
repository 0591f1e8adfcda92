import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Compile } from "../bundler.ts";

const compiled = new Set<string>();

/** Implements {@link Runtime.compileOnImport}. */
export function compileOnImport(extension: string, compile: Compile): void {
  if (compiled.has(extension)) return;
  compiled.add(extension);
  Bun.plugin({
    name: `smithers ${extension}`,
    setup(build) {
      build.onLoad({ filter: new RegExp(`\\${extension}$`) }, async ({ path }) => ({
        contents: await compile(await readFile(path, "utf8"), path),
        loader: "js",
      }));
    },
  });
}

/**
 * Implements {@link Runtime.canImport}. Bun takes what follows a question mark for a query, and a backslash for a slash,
 * also in a file's URL.
 */
export function canImport(file: string): boolean {
  return !/[?\\]/.test(file);
}

/** Implements {@link Runtime.importBundle}. */
export async function importBundle(file: string, attempt: number): Promise<Record<string, unknown>> {
  return await import(attempt === 0 ? file : `${file}?attempt=${attempt}`);
}

/** Implements {@link Runtime.forgetModule}. */
export function forgetModule(file: string): void {
  const { cache } = createRequire(import.meta.url);
  for (const known of Object.keys(cache)) if (known === file || known.startsWith(`${file}?`)) delete cache[known];
}

/** Implements {@link Runtime.missingExport}. */
export function missingExport(message: string): string | undefined {
  return /Export named '([\w$]+)' not found/.exec(message)?.[1];
}

import { createRequire } from "node:module";
import { readSource } from "../../files/index.ts";
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
        contents: await compile((await readSource(path)).toString(), path),
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

/** The code of bundles that are being imported, by their files, and how many imports of it are in progress. */
const served = new Map<string, { readonly code: string; imports: number }>();
let isServing = false;

/** Implements {@link Runtime.importBundle}. */
export async function importBundle(file: string, code: string, attempt: number): Promise<Record<string, unknown>> {
  serveBundles();
  const bundle = served.get(file) ?? { code, imports: 0 };
  bundle.imports += 1;
  served.set(file, bundle);
  try {
    return await import(attempt === 0 ? file : `${file}?attempt=${attempt}`);
  } finally {
    bundle.imports -= 1;
    if (bundle.imports === 0) served.delete(file);
  }
}

/** Lets Bun take the code of bundles from memory, and that of no other module. */
function serveBundles(): void {
  if (isServing) return;
  isServing = true;
  Bun.plugin({
    name: "smithers bundles",
    setup(build) {
      build.onLoad({ filter: /\.smithers-[0-9a-f]{40}\.tsx(\?.*)?$/ }, ({ path }) => {
        const bundle = served.get(path.replace(/\?.*$/, ""));
        if (bundle === undefined) throw new Error(`Only the loader of workflows imports ${path}.`);
        return { contents: bundle.code, loader: "tsx" };
      });
    },
  });
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

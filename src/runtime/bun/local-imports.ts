import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** What may follow a module's name in an import, in the order in which it is tried. */
const endings = ["", ".tsx", ".ts", ".jsx", ".mts", ".js", ".mjs", ".json", "/index.tsx", "/index.ts", "/index.js"];

/** Whether Bun's own resolution reads a path wrong: it takes a backslash for a slash. */
const isMisread = (path: string): boolean => path.includes("\\");

/**
 * Resolves the entry, or a relative import, whose path Bun reads wrong.
 * @param importer empty for the entry
 * @returns undefined for what Bun resolves itself
 */
export function resolveLocal(specifier: string, importer: string): string | undefined {
  const path = importer === "" ? specifier : resolve(dirname(importer), specifier);
  if (!isMisread(path)) return undefined;
  // TypeScript files may be imported by the names that they have when they are compiled.
  const source = path.replace(/\.([mc]?)js(x?)$/, ".$1ts$2");
  return endings.flatMap((ending) => [path + ending, source + ending]).find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Finds the files that Bun names, with slashes for backslashes, relative to the working folder. */
export function fileNames(files: Iterable<string>): (named: string) => string {
  const known = new Map([...files].filter(isMisread).map((file) => [file.replaceAll("\\", "/"), file]));
  return (named) => {
    const file = resolve(named);
    return known.get(file) ?? file;
  };
}

import { resolveInstalled } from "./resolve.ts";

/** Made when they are used: most processes look at no imports. */
const transpilers = new Map<"jsx" | "ts" | "tsx", Bun.Transpiler>();

function transpiler(loader: "jsx" | "ts" | "tsx"): Bun.Transpiler {
  const known = transpilers.get(loader) ?? new Bun.Transpiler({ loader });
  transpilers.set(loader, known);
  return known;
}

/** @returns nothing for a source that does not parse */
export function importsOf(source: string, file: string): string[] {
  const loader = /\.[mc]?ts$/.test(file) ? "ts" : file.endsWith(".tsx") ? "tsx" : "jsx";
  try {
    return transpiler(loader)
      .scanImports(source)
      .map(({ path }) => path);
  } catch {
    return [];
  }
}

export function resolveImport(specifier: string, fromDir: string): string | undefined {
  try {
    return resolveInstalled(specifier, fromDir);
  } catch {
    return undefined;
  }
}

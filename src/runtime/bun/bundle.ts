import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, relative, resolve } from "node:path";
import type { FindPackage, SourceProblem } from "../bundler.ts";

export interface Bundle {
  /** One ES module; packages stay imports, by absolute path. */
  readonly code: string;
  /** The local files that are in it, absolute, and the SHA-1 of what was read of each. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** A workflow that does not compile. */
export class BundleError extends Error {
  readonly problem: SourceProblem;

  constructor(problem: SourceProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const code: ReadonlySet<string> = new Set(["js", "jsx", "ts", "tsx"]);

/**
 * Compiles a workflow file with its local imports into one module, its source map inlined, so that Bun
 * names the author's lines in every stack.
 * @throws BundleError
 */
export async function bundle(entry: string, findPackage: FindPackage): Promise<Bundle> {
  const inputs = new Map<string, string>();
  const missing: SourceProblem[] = [];
  const result = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    sourcemap: "external",
    throw: false,
    plugins: [
      {
        name: "workflow",
        setup(build) {
          build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
            const found = findPackage(path, importer, (specifier, from) => Bun.resolveSync(specifier, dirname(from)));
            if (found === undefined) missing.push({ file: importer, message: `Cannot find the package "${path}"` });
            return found?.local ? { path: found.path } : { path: found?.path ?? path, external: true };
          });
          build.onLoad({ filter: /.*/ }, async ({ path, loader }) => {
            const contents = await readFile(path);
            inputs.set(path, sha1(contents));
            // What is no code is left to Bun, which knows the import's attributes.
            return code.has(loader) ? { contents, loader } : undefined;
          });
        },
      },
    ],
  });
  if (!result.success) throw new BundleError(problemOf(result.logs, entry, inputs));
  const [unresolved] = missing;
  if (unresolved) {
    const specifier = /"(.*)"/.exec(unresolved.message)![1]!;
    // The bundler tells who imports, not where.
    const place = await findLine(
      [unresolved.file],
      (line) => line.includes(`"${specifier}"`) || line.includes(`'${specifier}'`),
    );
    throw new BundleError({ ...unresolved, ...place });
  }
  const [module, map] = ["entry-point", "sourcemap"].map(
    (kind) => result.outputs.find((output) => output.kind === kind)!,
  );
  const text = anywhere(await module!.text(), entry, inputs);
  return { code: withSourceMap(text, await map!.text()), inputs };
}

/**
 * What Bun makes anew in each process's folder, made the same: it names files in comments as they are seen from there,
 * and numbers the build after them.
 */
function anywhere(text: string, entry: string, inputs: Bundle["inputs"]): string {
  return text.replace(/\n\/\/# debugId=\w+/, "").replace(/^\/\/ (\S.*)$/gm, (comment, path) => {
    const file = resolve(path);
    return inputs.has(file) ? `// ${relative(dirname(entry), file)}` : comment;
  });
}

/** Bun writes sources relative to the process's folder, and reads them relative to the module's. */
function withSourceMap(text: string, mapText: string): string {
  const { debugId: _, ...map } = JSON.parse(mapText) as { sources: string[]; debugId?: string };
  const absolute = { ...map, sources: map.sources.map((source) => resolve(source)) };
  const encoded = Buffer.from(JSON.stringify(absolute)).toString("base64");
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

/** Imports a bundle's file. A file that failed before is evaluated again under another `attempt`. */
export async function importBundle(file: string, attempt: number): Promise<Record<string, unknown>> {
  return await import(attempt === 0 ? file : `${file}?attempt=${attempt}`);
}

/** Lets a module that was imported be collected once nobody uses it. */
export function forgetModule(file: string): void {
  const { cache } = createRequire(import.meta.url);
  for (const known of Object.keys(cache)) if (known === file || known.startsWith(`${file}?`)) delete cache[known];
}

export function sha1(contents: Buffer | string): string {
  return createHash("sha1").update(contents).digest("hex");
}

/** The first of `files` with a line that fits, and that line. */
export async function findLine(
  files: Iterable<string>,
  fits: (line: string) => boolean,
): Promise<{ file: string; line: number } | undefined> {
  for (const file of files) {
    const index = (await readFile(file, "utf8")).split("\n").findIndex(fits);
    if (index >= 0) return { file, line: index + 1 };
  }
}

function problemOf(
  logs: readonly (BuildMessage | ResolveMessage)[],
  entry: string,
  inputs: Bundle["inputs"],
): SourceProblem {
  const first = logs.find(({ level }) => level === "error") ?? logs[0];
  let message = first?.message ?? "The file does not compile";
  // Bun names files as they are seen from the process's folder.
  for (const file of inputs.keys()) message = message.replaceAll(`"${relative(process.cwd(), file)}"`, `"${file}"`);
  const position = first?.position;
  return position
    ? { file: position.file, line: position.line, column: position.column, message }
    : { file: entry, message };
}

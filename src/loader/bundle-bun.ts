import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Problem } from "./invalid.ts";
import { findPackage } from "./packages.ts";

export interface Bundle {
  /** One ES module; packages stay imports, by absolute path. */
  readonly code: string;
  /** The local files that are in it, absolute, and the SHA-1 of what was read of each. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** A workflow that does not compile. */
export class BundleError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/**
 * Compiles a workflow file with its local imports into one module, its source map inlined, so that Bun
 * names the author's lines in every stack.
 * @throws BundleError
 */
export async function bundle(entry: string): Promise<Bundle> {
  const inputs = new Map<string, string>();
  const missing: Problem[] = [];
  const result = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    sourcemap: "inline",
    throw: false,
    plugins: [
      {
        name: "workflow",
        setup(build) {
          build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
            const found = findPackage(path, importer, (specifier, from) => Bun.resolveSync(specifier, dirname(from)));
            if (found === undefined) missing.push({ file: importer, message: `Cannot find the package "${path}"` });
            return { path: found ?? path, external: true };
          });
          build.onLoad({ filter: /.*/ }, async ({ path, loader }) => {
            const contents = await readFile(path);
            inputs.set(path, sha1(contents));
            return { contents, loader };
          });
        },
      },
    ],
  });
  if (!result.success) throw new BundleError(problemOf(result.logs, entry));
  const [unresolved] = missing;
  if (unresolved) throw new BundleError({ ...unresolved, ...(await lineOf(unresolved)) });
  return { code: await result.outputs[0]!.text(), inputs };
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

function problemOf(logs: readonly (BuildMessage | ResolveMessage)[], entry: string): Problem {
  const first = logs.find(({ level }) => level === "error") ?? logs[0];
  const message = first?.message ?? "The file does not compile";
  const position = first?.position;
  return position
    ? { file: position.file, line: position.line, column: position.column, message }
    : { file: entry, message };
}

/** The bundler tells who imports, not where. */
async function lineOf({ file, message }: Problem): Promise<{ line?: number }> {
  const specifier = /"(.*)"/.exec(message)?.[1] ?? "";
  const lines = (await readFile(file, "utf8")).split("\n");
  const index = lines.findIndex((text) => text.includes(`"${specifier}"`) || text.includes(`'${specifier}'`));
  return index < 0 ? {} : { line: index + 1 };
}

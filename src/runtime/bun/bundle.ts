import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, extname, relative } from "node:path";
import type { BunPlugin } from "bun";
import { refuseOpenDatabase } from "../../files/index.ts";
import {
  type Bundle,
  BundleError,
  type BundleOptions,
  type Compile,
  maxSourceBytes,
  type SourceProblem,
} from "../bundler.ts";
import { findLine, sha1 } from "../source-text.ts";
import { fileNames, resolveLocal } from "./local-imports.ts";
import { resolveInstalled } from "./resolve.ts";

const isLazy: ReadonlySet<string> = new Set(["dynamic-import", "require-call", "require-resolve"]);

const code: ReadonlySet<string> = new Set(["js", "jsx", "ts", "tsx"]);

/** What a global is called in a bundle. */
const nameInBundle = (name: string) => `__smithers_${name}`;

/** Reads a source. Somebody may be changing it, so opening must not wait, as it would for a FIFO. */
async function readBounded(path: string): Promise<Buffer> {
  refuseOpenDatabase(path);
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a file`);
    if (stats.size > maxSourceBytes) {
      throw new Error(`${path} has ${stats.size} bytes; the limit for imported files is ${maxSourceBytes}`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Implements {@link Runtime.bundle}. */
export async function bundle(entry: string, { findPackage, compilers, globals }: BundleOptions): Promise<Bundle> {
  const found: Found = { inputs: new Map(), missing: [], failed: [] };
  const { inputs, missing, failed } = found;
  const result = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    sourcemap: "external",
    throw: false,
    // Only where it means the global one.
    define: Object.fromEntries(Object.keys(globals).map((name) => [name, nameInBundle(name)])),
    plugins: [workflowPlugin(findPackage, compilers, found)],
  });
  if (failed[0]) throw failed[0];
  if (!result.success) throw new BundleError(problemOf(result.logs, entry, inputs));
  if (missing[0]) throw await missingPackage(missing[0]);
  const [module, map] = ["entry-point", "sourcemap"].map(
    (kind) => result.outputs.find((output) => output.kind === kind)!,
  );
  const fileNamed = fileNames(inputs.keys());
  const text = anywhere(await module!.text(), entry, inputs, fileNamed);
  // At the end, for the source map counts lines from the beginning. Imports are hoisted.
  const imports = Object.entries(globals)
    .filter(([global]) => text.includes(nameInBundle(global)))
    .map(
      ([global, { module, name }]) => `import { ${name} as ${nameInBundle(global)} } from ${JSON.stringify(module)};`,
    );
  return { code: withSourceMap(`${text}\n${imports.join("\n")}\n`, await map!.text(), fileNamed), inputs };
}

/** What a build finds out. */
interface Found {
  /** The hash of each source, by its path. */
  readonly inputs: Map<string, string>;
  /** Imports of packages that are not installed. */
  readonly missing: { readonly file: string; readonly specifier: string }[];
  /** Sources that do not compile. */
  readonly failed: BundleError[];
}

/** Resolves imports as the author means them, and reads and compiles sources. */
function workflowPlugin(
  findPackage: BundleOptions["findPackage"],
  compilers: BundleOptions["compilers"],
  { inputs, missing, failed }: Found,
): BunPlugin {
  return {
    name: "workflow",
    setup(build) {
      build.onResolve({ filter: /^[./]/ }, ({ path, importer }) => {
        const found = resolveLocal(path, importer);
        return found === undefined ? undefined : { path: found };
      });
      build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        const found = findPackage(path, importer, (specifier, from) => resolveInstalled(specifier, dirname(from)));
        // An import that runs later may be meant to fail, and be caught.
        if (found === undefined && !isLazy.has(kind)) missing.push({ file: importer, specifier: path });
        return found?.local ? { path: found.path } : { path: found?.path ?? path, external: true };
      });
      build.onLoad({ filter: /.*/ }, async ({ path, loader }) => {
        const compile = compilers.get(extname(path));
        // As Bun does without a bundle: a file of an unknown kind is imported as its path.
        if (!compile && code.has(loader) && !/\.[cm]?[jt]sx?$/.test(path)) {
          return { contents: `export default ${JSON.stringify(path)};`, loader: "js" };
        }
        const contents = await readBounded(path);
        inputs.set(path, sha1(contents));
        if (compile) return { contents: await compiled(compile, contents.toString(), path, failed), loader: "js" };
        // Other data is left to Bun, which knows the import's attributes.
        return code.has(loader) ? { contents, loader } : undefined;
      });
    },
  };
}

/** The bundler names the importing file, but not the line. */
async function missingPackage({ file, specifier }: Found["missing"][number]): Promise<BundleError> {
  const place = await findLine([file], (line) => line.includes(`"${specifier}"`) || line.includes(`'${specifier}'`));
  return new BundleError({ file, message: `Cannot find the package "${specifier}"`, ...place });
}

/** Keeps the problem of a source that does not compile: Bun would reduce it to a text without its place. */
async function compiled(compile: Compile, source: string, file: string, failed: BundleError[]): Promise<string> {
  try {
    return await compile(source, file);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    failed.push(error);
    return "";
  }
}

/**
 * Removes what depends on the process's working folder: Bun names files in comments relative to it, and derives the
 * build's debug id from them.
 */
function anywhere(text: string, entry: string, inputs: Bundle["inputs"], fileNamed: (named: string) => string): string {
  return text.replace(/\n\/\/# debugId=\w+/, "").replace(/^\/\/ (\S.*)$/gm, (comment, path) => {
    const file = fileNamed(path);
    return inputs.has(file) ? `// ${relative(dirname(entry), file)}` : comment;
  });
}

/** Inlines the source map. Bun writes its sources relative to the working folder, and reads them relative to the module. */
function withSourceMap(text: string, mapText: string, fileNamed: (named: string) => string): string {
  const { debugId: _, ...map } = JSON.parse(mapText) as { sources: string[]; debugId?: string };
  const absolute = { ...map, sources: map.sources.map(fileNamed) };
  const encoded = Buffer.from(JSON.stringify(absolute)).toString("base64");
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

function problemOf(
  logs: readonly (BuildMessage | ResolveMessage)[],
  entry: string,
  inputs: Bundle["inputs"],
): SourceProblem {
  const first = logs.find(({ level }) => level === "error") ?? logs[0];
  let message = first?.message ?? "The file does not compile";
  // Bun names files relative to the working folder, and with slashes for backslashes.
  for (const file of inputs.keys()) {
    const named = relative(process.cwd(), file).replaceAll("\\", "/");
    message = message.replaceAll(`"${named}"`, () => `"${file}"`);
  }
  const position = first?.position;
  return position
    ? { file: position.file, line: position.line, column: position.column, message }
    : { file: entry, message };
}

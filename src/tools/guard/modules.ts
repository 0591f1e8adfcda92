import { lstatSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { readRegularFile, throwIfExhausted, throwIfLocked } from "../../files/index.ts";
import { esmOf } from "../../mdx/index.ts";
import { runtime } from "../../runtime/index.ts";
import { isBelow } from "../sandbox/index.ts";
import { stampOf } from "./tree.ts";

interface Module {
  readonly stamp: string;
  /** Whether it names this package and has a default export, like every workflow file. */
  readonly isWorkflow: boolean;
  /** Its imports; read when they are needed. */
  imports?: readonly string[];
  /** See {@link Modules.foldersOf}; read with the imports. */
  folders?: readonly string[];
}

const packageName = "smithers-orchestrator";

/** Larger files are not workflows. */
const maxBytes = 5 * 1024 ** 2;

/** File endings that an import may omit or exchange. */
export const moduleEndings = [".tsx", ".ts", ".jsx", ".js", ".mts", ".mjs", ".cts", ".cjs", ".json"];

const builtIn: ReadonlySet<string> = new Set([...builtinModules, "bun"]);

/** Knows which modules below a root are workflows, and what they import. */
export class Modules {
  readonly #modules = new Map<string, Module>();
  readonly #resolved = new Map<string, string | undefined>();

  /** The workflow files among `sources`, and every local file below the root that they or `entries` import. */
  reachable(rootDir: string, sources: readonly string[], entries: readonly string[]): string[] {
    const workflows = sources.filter((path) => this.#module(path)?.isWorkflow);
    const found = new Set<string>();
    const left = [...workflows, ...entries.filter((path) => isBelow(path, rootDir))];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (found.has(path)) continue;
      found.add(path);
      for (const folder of this.foldersOf(path)) left.push(...sources.filter((each) => isBelow(each, folder)));
      for (const specifier of this.#importsOf(path)) {
        const file = this.#resolve(specifier, dirname(path));
        if (file !== undefined && isBelow(file, rootDir) && !file.includes(`${sep}node_modules${sep}`)) left.push(file);
      }
    }
    return [...found];
  }

  /** The imports of a module that are neither paths nor modules of the runtime. */
  packagesOf(path: string): string[] {
    return this.#importsOf(path).filter((specifier) => isPackage(specifier));
  }

  /** The folders from which a module imports what is known only when it runs: `./steps/` of `import("./steps/" + name)`. */
  foldersOf(path: string): readonly string[] {
    this.#importsOf(path);
    return this.#module(path)?.folders ?? [];
  }

  #module(path: string): Module | undefined {
    try {
      const stats = lstatSync(path, { bigint: true });
      const stamp = stampOf(stats);
      const known = this.#modules.get(path);
      if (known?.stamp === stamp) return known;
      const text = stats.isFile() ? readRegularFile(path, maxBytes) : undefined;
      const module = { stamp, isWorkflow: text !== undefined && looksLikeWorkflow(text) };
      this.#modules.set(path, module);
      return module;
    } catch (error) {
      throwIfExhausted(error);
      throwIfLocked(error, path);
      return undefined;
    }
  }

  #importsOf(path: string): readonly string[] {
    const module = this.#module(path);
    if (!module) return [];
    if (module.imports === undefined) {
      const source = readRegularFile(path, maxBytes)?.toString() ?? "";
      module.imports = [
        ...runtime.importsOf(path.endsWith(".mdx") ? esmOf(source) : source, path),
        ...loadedByCalls(source),
      ];
      module.folders = namedFolders(source, dirname(path));
    }
    return module.imports;
  }

  #resolve(specifier: string, fromDir: string): string | undefined {
    if (isPath(specifier)) return localFile(resolve(fromDir, specifier));
    if (!isPackage(specifier) || isOwn(specifier)) return undefined;
    const key = `${fromDir}\0${specifier}`;
    const known = this.#resolved.get(key);
    if (known !== undefined && isFile(known)) return known;
    const file = runtime.resolveImport(specifier, fromDir);
    this.#resolved.set(key, file);
    return file;
  }
}

const looksLikeWorkflow = (text: Buffer) =>
  text.includes(packageName) && /\bexport\s+default\b|\bas\s+default\b/.test(text.toString("utf8"));

const isPath = (specifier: string) => specifier.startsWith(".") || specifier.startsWith(sep);

const isPackage = (specifier: string) =>
  !isPath(specifier) && !/^(node|bun|data|https?):/.test(specifier) && !builtIn.has(specifier);

/** The modules that a source loads by calls, as it names them: workers, and what `createRequire` makes. */
function loadedByCalls(source: string): string[] {
  const made = [...source.matchAll(/\b(\w+)\s*=\s*createRequire\s*\(/g)].map(([, name]) => name!);
  const callees = ["new\\s+(?:URL|Worker)", "import\\.meta\\.\\w+", "createRequire\\([^()]*\\)", "require", ...made];
  const calls = new RegExp(`(?:${callees.join("|")})\\s*\\(\\s*(["'\`])(\\.{1,2}/[^"'\`\\n]+)\\1`, "g");
  // Any path can be made a URL. Only files with code are executed.
  return [...source.matchAll(calls)]
    .map(([, , path]) => path!)
    .filter((path) => !/\.[a-z]+$/.test(path) || isCode(path));
}

/** The folders with which the paths begin that calls put together: as a template, or from several texts. */
function namedFolders(source: string, from: string): string[] {
  return [...source.matchAll(pathsPutTogether)].map(([, inTemplate, , inText]) => {
    const start = inTemplate ?? inText!;
    return resolve(from, start.slice(0, start.lastIndexOf("/") + 1));
  });
}

const pathsPutTogether =
  /\b(?:import|require|import\.meta\.require)\s*\(\s*(?:`(\.{1,2}\/[^`$]*)\$\{|(["'])(\.{1,2}\/[^"'\n]*)\2\s*\+)/g;

const isCode = (path: string) => moduleEndings.some((ending) => ending !== ".json" && path.endsWith(ending));

const isOwn = (specifier: string) => specifier === packageName || specifier.startsWith(`${packageName}/`);

/** The file that a path leads to which has no ending, or that of the compiled file. */
export function localFile(path: string): string | undefined {
  const stem = path.replace(/\.[mc]?jsx?$/, "");
  const candidates = [
    path,
    ...moduleEndings.map((ending) => path + ending),
    ...moduleEndings.map((ending) => stem + ending),
    ...moduleEndings.map((ending) => join(path, `index${ending}`)),
  ];
  return candidates.find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

import { basename, extname, relative, resolve } from "node:path";
import { noteBackslashes, noteFiles, placeInSource, runRegistered } from "../containment/index.ts";
import { SmithersError } from "../errors/index.ts";
import { isWorkflow, type Workflow } from "../jsx/index.ts";
import { compileMdx } from "../mdx/index.ts";
import { moduleFile } from "../package/index.ts";
import { type Bundle, BundleError, findLine, runtime, type SourceProblem, sha1 } from "../runtime/index.ts";
import { withTimeout } from "../timing/index.ts";
import { commandWatch } from "../tools/guard/index.ts";
import { importOrigin, onStderr, type StrayLog } from "./import-origin.ts";
import { invalidWorkflow, noWorkflow, placeOf } from "./invalid.ts";
import { rememberSources } from "./node-site.ts";
import { findPackage, globalsOfTasks, withoutInstallPaths } from "./packages.ts";
import { findWorkflowFile } from "./paths.ts";
import { removeShadow, ShadowFiles } from "./shadow.ts";
import type { Startable } from "./startable.ts";
import { UnchangedFiles } from "./unchanged.ts";

export interface LoadedWorkflow {
  readonly workflow: Workflow;
  /** Relative to the root, as runs store it. */
  readonly workflowPath: string;
  /** SHA-1 of the bundle: changes with the file and with each local module that it imports. */
  readonly workflowHash: string;
  /**
   * Absolute paths of the file and of the local modules that it imports. An edit of any of them takes effect at the
   * next load.
   */
  readonly files: readonly string[];
}

/** The name of a workflow until its own is known: that of its file. */
export function workflowNameOf({ workflowPath }: Pick<LoadedWorkflow, "workflowPath">): string {
  return basename(workflowPath, extname(workflowPath));
}

export interface LoaderOptions {
  /** Absolute, with symbolic links resolved. */
  readonly rootDir: string;
  /** How long a workflow file's top-level code may take, in milliseconds. Default: 10000. */
  readonly importTimeoutMs?: number;
  /** Which files may be loaded. Default: every one in the root. */
  readonly startable?: Startable;
  /** Receives what the top-level code of files throws and nothing catches. Default: stderr. */
  readonly logger?: StrayLog;
}

interface Version extends LoadedWorkflow {
  readonly unchanged: UnchangedFiles;
  readonly shadow: string;
}

const compilers = new Map([[".mdx", compileMdx]]);

/** A bundle, and the file that it was written to. */
interface WrittenBundle {
  readonly shadow: string;
  readonly code: string;
}

/** How often a file is bundled while a command changes what it would load. */
const maxTries = 5;

/** How many files keep their last version; other files are built again at their next use. */
const keptFiles = 256;

/** Loads workflow files. An edit of a file, or of a local module that it imports, takes effect at the next load. */
export class Loader {
  readonly #rootDir: string;
  readonly #importTimeoutMs: number;
  readonly #startable: Startable | undefined;
  readonly #log: StrayLog;
  /** The last valid version of each file, least recently used first. */
  readonly #versions = new Map<string, Version>();
  readonly #importing = new Map<string, Promise<Workflow>>();
  /** How often evaluating a shadow file has failed. */
  readonly #failures = new Map<string, number>();
  readonly #shadows = new ShadowFiles();
  /** How many loads are in progress. */
  #loads = 0;
  #closed = false;

  constructor({ rootDir, importTimeoutMs = 10_000, startable, logger = onStderr }: LoaderOptions) {
    this.#startable = startable;
    this.#log = logger;
    this.#rootDir = rootDir;
    this.#importTimeoutMs = importTimeoutMs;
  }

  /**
   * @param given absolute, or relative to the root
   * @throws INVALID_REQUEST, WORKFLOW_PATH_OUTSIDE_ROOT, WORKFLOW_NOT_ALLOWED, WORKFLOW_NOT_FOUND, WORKFLOW_INVALID with `{ file, line?,
   *   column?, message }`
   */
  async load(given: string): Promise<LoadedWorkflow> {
    const known = this.unchanged(given);
    if (known) return known;
    this.#loads += 1;
    try {
      return await this.#load(given);
    } finally {
      this.#loads -= 1;
      this.#closeShadows();
    }
  }

  /**
   * The last version of a file, if the times of its sources show that they have not changed since. It calls none of the
   * file's code, and costs a start of a run some microseconds.
   * @param given as for {@link load}; undefined is returned where it leads through a symbolic link
   */
  unchanged(given: string): LoadedWorkflow | undefined {
    const file = resolve(this.#rootDir, given);
    const known = this.#versions.get(file);
    if (!known?.unchanged.areAllMarked()) return undefined;
    this.#keep(file, known);
    return known;
  }

  /** Loads what every workflow file imports, to load the first one faster. */
  async warmUp(): Promise<void> {
    await import(moduleFile("index"));
  }

  /** Removes the shadow files, including those of loads in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#versions.values()].map(({ shadow }) => removeShadow(shadow)));
    this.#versions.clear();
    this.#closeShadows();
  }

  async #load(given: string): Promise<LoadedWorkflow> {
    const { file, path } = findWorkflowFile(this.#rootDir, given, this.#startable);
    const known = this.#versions.get(file);
    if (known && (await known.unchanged.areAll())) {
      this.#keep(file, known);
      return known;
    }
    const { code, inputs } = await this.#bundle(file);
    const hash = sha1(code);
    const shadow = await this.#shadows.write(file, hash, code);
    const workflow = await this.#import(file, { shadow, code }, inputs);
    rememberSources(workflow, inputs);
    const files = [...inputs.keys()];
    const unchanged = new UnchangedFiles(inputs);
    const version: Version = { workflow, workflowPath: path, workflowHash: hash, files, unchanged, shadow };
    this.#keep(file, version);
    await this.#shadows.removeLeftovers(file, shadow);
    if (this.#closed) await removeShadow(shadow);
    return version;
  }

  #closeShadows(): void {
    if (this.#closed && this.#loads === 0) this.#shadows.close();
  }

  /** Bundles a file as it is without what running commands have put where it would be loaded. */
  async #bundle(file: string): Promise<Bundle> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      await commandWatch().undoRunning();
      const outcome = await this.#bundleNow(file).then(
        (bundle) => ({ bundle }),
        (error: unknown) => ({ error }),
      );
      if (await commandWatch().undoRunning()) continue;
      if ("error" in outcome) throw outcome.error;
      if (!(await commandWatch().hasPlanted([...outcome.bundle.inputs.keys()]))) return outcome.bundle;
    }
    const message = "A running command keeps putting files where this workflow would load them.";
    throw invalidWorkflow(this.#rootDir, { file, message });
  }

  async #bundleNow(file: string): Promise<Bundle> {
    try {
      return await runtime.bundle(file, { findPackage, compilers, globals: globalsOfTasks });
    } catch (error) {
      if (error instanceof BundleError) throw invalidWorkflow(this.#rootDir, inSource(error.problem));
      const { code } = error as NodeJS.ErrnoException;
      // Bun's own error has no code when the file's folder may not be read.
      if (code !== "EACCES" && !String(error).includes("EACCES")) throw error;
      throw new SmithersError("FILE_UNAVAILABLE", `${relative(this.#rootDir, file)} cannot be read (EACCES).`, {
        cause: error,
      });
    }
  }

  #import(file: string, written: WrittenBundle, inputs: Bundle["inputs"]): Promise<Workflow> {
    const { shadow } = written;
    const underWay = this.#importing.get(shadow);
    if (underWay) return underWay;
    const evaluation = this.#evaluate(file, written, new Set(inputs.keys())).finally(() =>
      this.#importing.delete(shadow),
    );
    this.#importing.set(shadow, evaluation);
    return evaluation;
  }

  async #evaluate(file: string, written: WrittenBundle, sources: ReadonlySet<string>): Promise<Workflow> {
    const { shadow } = written;
    const failures = this.#failures.get(shadow) ?? 0;
    noteBackslashes(sources);
    let found: unknown;
    try {
      const module = await this.#inTime(this.#importContained(file, written, failures, sources));
      found = module.default;
      if (isWorkflow(found)) {
        this.#failures.delete(shadow);
        noteFiles(found, sources);
        return found;
      }
    } catch (thrown) {
      this.#failures.set(shadow, failures + 1);
      await removeShadow(shadow);
      const problem = placeOf(thrown, file, sources);
      const place = problem.line === undefined ? await this.#placeOfImport(problem.message, sources) : undefined;
      const message = withoutInstallPaths(problem.message);
      throw invalidWorkflow(this.#rootDir, { ...problem, ...place, message }, thrown);
    }
    await removeShadow(shadow);
    runtime.forgetModule(shadow);
    throw noWorkflow(this.#rootDir, file, found);
  }

  #importContained(file: string, { shadow, code }: WrittenBundle, failures: number, files: ReadonlySet<string>) {
    const origin = importOrigin(relative(this.#rootDir, file), files, this.#log);
    return runRegistered(origin, () => runtime.importBundle(shadow, code, failures));
  }

  /**
   * Finds the line that imports a missing export. The error is thrown before any code runs, so its stack has no line.
   */
  #placeOfImport(message: string, sources: ReadonlySet<string>) {
    const name = runtime.missingExport(message);
    if (name === undefined) return undefined;
    const asWord = new RegExp(`(^|[^\\w$])${name.replaceAll("$", "\\$")}($|[^\\w$])`);
    return findLine(sources, (line) => asWord.test(line));
  }

  #inTime<T>(evaluation: Promise<T>): Promise<T> {
    const ms = this.#importTimeoutMs;
    return withTimeout(ms, evaluation, () => new Error(`The file's top-level code did not finish within ${ms} ms`));
  }

  #keep(file: string, version: Version): void {
    const previous = this.#versions.get(file);
    this.#versions.delete(file);
    this.#versions.set(file, version);
    if (previous && previous.shadow !== version.shadow) this.#drop(previous);
    if (this.#versions.size <= keptFiles) return;
    const [oldestFile, oldest] = this.#versions.entries().next().value!;
    this.#versions.delete(oldestFile);
    this.#drop(oldest);
  }

  #drop({ shadow }: Version): void {
    if (this.#importing.has(shadow)) return;
    runtime.forgetModule(shadow);
    void removeShadow(shadow);
  }
}

/** A problem that the bundler has with a source that was compiled before. */
function inSource(problem: SourceProblem): SourceProblem {
  const { file, line, column } = problem;
  return line === undefined ? problem : { ...problem, ...placeInSource(file, line, column ?? 1) };
}

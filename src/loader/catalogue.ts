import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, relative, sep } from "node:path";
import { z } from "zod";
import { isSmithersError } from "../errors/index.ts";
import { readSource } from "../files/index.ts";
import type { Workflow } from "../jsx/index.ts";
import { isNoWorkflow } from "./invalid.ts";
import { isWorkflowFileName } from "./paths.ts";
import { everything, type Startable } from "./startable.ts";

/** A workflow file as people choose one. */
export interface CataloguedWorkflow {
  /** Relative to the root, as runs store it. */
  readonly workflowPath: string;
  /** The name that the file gives to its Workflow; otherwise the file's name without its ending. */
  readonly name: string;
  /** The comment above the file's default export. */
  readonly description?: string;
  /** JSON Schema of the input; absent when the workflow takes any. */
  readonly inputSchema?: Record<string, unknown>;
  /** Why the file does not load. */
  readonly problem?: { readonly code: string; readonly message: string };
}

export interface CataloguePage {
  readonly workflows: CataloguedWorkflow[];
  /** Pass it as `after` to read the next page; absent on the last page. */
  readonly next?: string;
}

/** Loads a file, in this process or in another. */
export type LoadForCatalogue = (path: string) => Promise<Pick<CataloguedWorkflow, "inputSchema">>;

interface Candidate {
  /** Changes with the file. */
  readonly version: string;
  /** Undefined for a file whose text shows that it exports no workflow. */
  readonly told: Pick<CataloguedWorkflow, "name" | "description"> | undefined;
}

/** The most files that are looked at, and the largest one, in bytes. */
const maxFiles = 20_000;
const maxFileBytes = 1_048_576;
/** Longer schemas are left out, in characters of JSON. */
const maxSchemaLength = 65_536;
/** How many files are loaded at once. */
const loadsAtOnce = 4;

/**
 * Finds the workflow files under a root. Every file's text is looked at once per version, and only what looks like a
 * workflow is loaded, which evaluates it; `load` is expected to keep what it has loaded.
 */
export class WorkflowCatalogue {
  readonly #rootDir: string;
  readonly #load: LoadForCatalogue;
  readonly #allows: Startable["allows"];
  #candidates = new Map<string, Candidate>();

  constructor(rootDir: string, load: LoadForCatalogue, { allows }: Pick<Startable, "allows"> = everything) {
    this.#allows = allows;
    this.#rootDir = rootDir;
    this.#load = load;
  }

  /** A page of the workflow files, sorted by path: those after `after`, at most `limit`. */
  async page({ limit, after }: { readonly limit: number; readonly after?: string }): Promise<CataloguePage> {
    const paths = await this.#paths();
    const rest = paths.filter((path) => after === undefined || path > after);
    const page = rest.slice(0, limit);
    const workflows: CataloguedWorkflow[] = [];
    for (let at = 0; at < page.length; at += loadsAtOnce) {
      const loaded = await Promise.all(page.slice(at, at + loadsAtOnce).map((path) => this.#describe(path)));
      workflows.push(...loaded.filter((one) => one !== undefined));
    }
    return { workflows, ...(rest.length > limit && { next: page.at(-1)! }) };
  }

  async #describe(path: string): Promise<CataloguedWorkflow | undefined> {
    const told = { workflowPath: path, ...this.#candidates.get(path)!.told! };
    try {
      const { inputSchema } = await this.#load(path);
      return { ...told, ...(inputSchema && { inputSchema }) };
    } catch (error) {
      if (!isSmithersError(error)) throw error;
      if (isNoWorkflow(error)) return undefined;
      return { ...told, problem: { code: error.code, message: error.message } };
    }
  }

  /** The paths of the files that look like workflows, sorted. */
  async #paths(): Promise<string[]> {
    const candidates = new Map<string, Candidate>();
    for await (const file of workflowFiles(this.#rootDir)) {
      const path = relative(this.#rootDir, file).split(sep).join("/");
      if (!this.#allows(path)) continue;
      const candidate = await look(file, this.#candidates.get(path)).catch(() => undefined);
      if (candidate) candidates.set(path, candidate);
    }
    this.#candidates = candidates;
    return [...candidates].flatMap(([path, { told }]) => (told ? [path] : [])).sort();
  }
}

/** The files below a folder that a workflow may be in. Links are not followed: they may lead out of the root. */
async function* workflowFiles(rootDir: string): AsyncGenerator<string> {
  const folders = [rootDir];
  let seen = 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    // A folder may not be readable, or be gone.
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
      else if (entry.isFile() && isWorkflowFileName(entry.name) && !/\.(d|test|spec)\.[a-z]+$/.test(entry.name)) {
        if (++seen > maxFiles) return;
        yield join(folder, entry.name);
      }
    }
  }
}

async function look(file: string, known: Candidate | undefined): Promise<Candidate> {
  const { mtimeMs, size, ino } = await stat(file);
  const version = `${mtimeMs} ${size} ${ino}`;
  if (known?.version === version) return known;
  const text = size > maxFileBytes ? "" : (await readSource(file)).toString();
  const looksLikeOne = /\bsmithers\s*\(/.test(text) && /\bexport\s+default\b|\bas\s+default\b/.test(text);
  return { version, told: looksLikeOne ? describe(file, text) : undefined };
}

function describe(file: string, text: string): Candidate["told"] {
  const name = /<Workflow\b[^>]*?\sname="([^"]+)"/.exec(text)?.[1] ?? basename(file, extname(file));
  const comment = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*export\s+default\b/.exec(text)?.[1];
  const description = comment?.replace(/^\s*\*? ?/gm, "").trim();
  return { name, ...(description && { description }) };
}

/** The JSON Schema of what a workflow's input may be; undefined when it takes any, or its schema has no such form. */
export function inputSchemaOf({ registry }: Workflow): Record<string, unknown> | undefined {
  if (!registry.inputSchema) return undefined;
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(registry.inputSchema, { unrepresentable: "any", io: "input" });
    return JSON.stringify(schema).length <= maxSchemaLength ? schema : undefined;
  } catch {
    // A schema of another library, or of an earlier Zod.
    return undefined;
  }
}

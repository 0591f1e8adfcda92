import { sep } from "node:path";
import { readField } from "../errors/index.ts";
import { codeFolder } from "../package/index.ts";
import { framesOf, type StackFrame } from "./frames.ts";
import { originInStack, originOfMarked } from "./marks.ts";
import { currentOrigin, type Origin, runAs } from "./origin.ts";

/** Where an error that nothing caught comes from: surely one origin, one of several, or no origin that is known. */
export type Attribution =
  | { readonly of: "one"; readonly origin: Origin }
  | { readonly of: "some"; readonly origins: readonly Origin[] };

/** Where this package's own modules are. */
const ownFolder = codeFolder + sep;
/** Origins that have ended and are remembered: their code may have left something behind. */
const maxEnded = 64;
const maxStackLength = 16_384;

const live = new Set<Origin>();
/** With the time of their end, oldest first. */
const ended = new Map<Origin, number>();
/** What code has left behind after its end comes mostly within this time. */
const afterEndMs = 60_000;

/**
 * Registers an origin while its code runs.
 * @returns call it when the code has ended
 */
export function register(origin: Origin): () => void {
  live.add(origin);
  ended.delete(origin);
  return () => {
    if (!live.delete(origin)) return;
    ended.set(origin, performance.now());
    for (const oldest of ended.keys()) {
      if (ended.size <= maxEnded) break;
      ended.delete(oldest);
    }
  };
}

/** Calls code of an origin, which is registered until the call, or the promise that it returns, has ended. */
export function runRegistered<T>(origin: Origin, body: () => T): T {
  const end = register(origin);
  try {
    const result = runAs(origin, body);
    if (result instanceof Promise) void result.then(end, end);
    else end();
    return result;
  } catch (error) {
    end();
    throw error;
  }
}

/**
 * Finds the origin of an error that nothing caught: by the asynchronous context, by the error itself, by its stack, and
 * then by the files in its stack. Of an error that names no author's file at all, every origin that is live may be the
 * one, or has ended lately where none is live.
 * @returns undefined for an error of other code of the process
 */
export function attribute(thrown: unknown): Attribution | undefined {
  const stack = stackOf(thrown);
  const known = currentOrigin() ?? originOfMarked(thrown) ?? originInStack(stack);
  if (known) return { of: "one", origin: known };
  const frames = framesOf(stack).filter(isAuthors);
  const sinceMs = performance.now() - afterEndMs;
  const recent = [...ended].flatMap(([origin, atMs]) => (atMs > sinceMs ? origin : [])).reverse();
  if (frames.length === 0) return some(live.size > 0 ? [...live] : recent);
  const isRendered = stack.includes(`${sep}react-reconciler${sep}`);
  const isOf = ({ kind, files }: Origin) =>
    isRendered === (kind === "rendering") && frames.some(({ file }) => files.has(file));
  const likely = [...live, ...recent].filter(isOf);
  if (likely.length === 1) return { of: "one", origin: likely[0]! };
  return some(likely.length > 0 ? likely : [...ended.keys()].reverse().filter(isOf));
}

/** Whether no module of this package or of a dependency is in an error's stack. Values that are no errors have none. */
export function isForeign(thrown: unknown): boolean {
  return framesOf(stackOf(thrown)).every(isAuthors);
}

function stackOf(thrown: unknown): string {
  const field = readField(thrown, "stack");
  return typeof field === "string" ? field.slice(0, maxStackLength) : "";
}

/**
 * Whether a stack is of the top-level code of a file that is being imported. The runtime evaluates modules outside of
 * every asynchronous context.
 */
export function isImporting(stack: string): boolean {
  const imports = [...live].filter(({ kind }) => kind === "import");
  return imports.length > 0 && framesOf(stack).some(({ file }) => imports.some(({ files }) => files.has(file)));
}

/** The workflow files whose top-level code runs now, or has run since a moment of `performance.now()`. */
export function importedSince(ms: number): string[] {
  const since = [...ended].flatMap(([origin, atMs]) => (atMs >= ms ? origin : []));
  return [...live, ...since].flatMap(({ kind, facts }) => (kind === "import" ? (facts.workflow ?? []) : []));
}

function some(origins: readonly Origin[]): Attribution | undefined {
  return origins.length === 0 ? undefined : { of: "some", origins };
}

function isAuthors({ file }: StackFrame): boolean {
  return !file.startsWith(ownFolder) && !file.includes(`${sep}node_modules${sep}`);
}

/** The author's file that called this package, as far as the stack tells. */
export function callingFile(): string | undefined {
  return framesOf(new Error().stack ?? "").find(isAuthors)?.file;
}

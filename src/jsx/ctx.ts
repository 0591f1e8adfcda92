import type { z } from "zod";
import { readField, SmithersError } from "../errors/index.ts";
import { idsOf, type LoopScope, nodePlace, placesOf } from "./loop-places.ts";
import type { NodeOutputs } from "./node-outputs.ts";
import type { OutputLookup, OutputRef, OutputRegistry, Schemas } from "./outputs.ts";
import type { StoredState } from "./parts.ts";
import type { Reads } from "./reads.ts";
import { FrameRows } from "./rows.ts";
import { absentValue, currentValue, type StoredOutput } from "./stored-output.ts";

/** An output as a row: its fields, and the node and iteration that produced it. */
export type Row<T> = T extends object ? T & { readonly nodeId: string; readonly iteration: number } : T;

/** The stored state of a run that a frame is rendered from. */
export interface RunView {
  readonly runId: string;
  readonly input: unknown;
  readonly auth: unknown;
  /** The output of a node in an iteration. */
  find(nodeId: string, iteration: number): StoredOutput | undefined;
  /** All outputs of a key, in the order in which they were stored. */
  list(schemaKey: string): readonly StoredOutput[];
  /** The outputs of one node: the same object at each call, also before the node has any. */
  outputsOf(nodeId: string): NodeOutputs;
  /** The current iteration of a loop; 0 before it starts. */
  loopIteration(loopKey: string): number;
  /** The loops around a node as far as earlier frames show, outermost first. `nodeId` may have a suffix. */
  loopsOf(nodeId: string): readonly string[];
  /** The current iteration of the workflow's first loop. */
  readonly iteration: number;
  /** The stored state of a node; undefined before it is first mounted. */
  stateOf(nodeId: string, iteration: number): StoredState | undefined;
  /** The output that was stored last by a node whose id begins with a prefix, but for timers. */
  lastUnder(prefix: string): StoredOutput | undefined;
  /** Says by which schemas the outputs are read whose keys begin with a prefix. */
  noteInline(prefix: string, registry: OutputRegistry): void;
  /** The current iteration of each loop with mounted nodes, by its authored id. */
  readonly iterations: Readonly<Record<string, number>>;
}

type ValueOf<S extends Schemas, O> = O extends keyof S ? z.output<S[O]> : O extends z.ZodType ? z.output<O> : unknown;

type Target<S extends Schemas> = (keyof S & string) | OutputRef;

type RowsByKey<S extends Schemas> = { readonly [K in Exclude<keyof S & string, "input">]: Row<z.output<S[K]>>[] };

/** What the input of a run has that continues another one; see ContinueAsNew. */
export interface Continued {
  readonly __smithersContinuation?: {
    /** The state that was handed over; absent without one. */
    readonly payload?: unknown;
    readonly reason: "explicit" | "loop-threshold";
  };
}

// biome-ignore lint/suspicious/noExplicitAny: without a schema the author knows the shape and we do not
type Unchecked = any;

type InputOf<S> = string extends keyof S
  ? Unchecked
  : S extends { input: infer I extends z.ZodType }
    ? WithContinued<z.output<I>>
    : Unchecked;

type WithContinued<T> = T extends object ? T & Continued : T;

/** What a workflow's build function knows about its run. */
export interface Ctx<S extends Schemas = Schemas> {
  readonly runId: string;
  /** The run's input, validated by the schema named `input`, if there is one. */
  readonly input: InputOf<S>;
  /** The current iteration of the enclosing loop; outside of loops, of the first loop, or 0 without one. */
  readonly iteration: number;
  /** The current iteration of each Loop around the nodes mounted so far, by the Loop's id. */
  readonly iterations: Readonly<Record<string, number>>;
  /** Who started the run, if known; else null. */
  readonly auth: unknown;
  /** A node's output; undefined before it has one. `iteration` defaults to the current one of the node's loop. */
  outputMaybe<O extends Target<S>>(output: O, of: { nodeId: string; iteration?: number }): ValueOf<S, O> | undefined;
  /** A node's output. Throws MISSING_OUTPUT before it has one. */
  output<O extends Target<S>>(output: O, of: { nodeId: string; iteration?: number }): ValueOf<S, O>;
  /** The output of the highest iteration in which a node has one. */
  latest<O extends Target<S>>(output: O, nodeId: string): ValueOf<S, O> | undefined;
  /** The number of iterations in which a node has an output. */
  iterationCount<O extends Target<S>>(output: O, nodeId: string): number;
  /**
   * The items of a list that fit a schema, for instance of a field of `ctx.latest(…)`. A text is parsed as JSON, any
   * other single value counts as a list of one, and undefined and null as an empty list.
   */
  latestArray<I extends z.ZodType>(value: unknown, schema: I): z.output<I>[];
  /** All rows of an output; also by key: `ctx.outputs.review`. A key that is no output has no rows. */
  readonly outputs: (<O extends Target<S>>(output: O) => Row<ValueOf<S, O>>[]) & RowsByKey<S>;
}

function latestArray(value: unknown, schema: z.ZodType): unknown[] {
  let list = value;
  if (typeof value === "string") {
    try {
      list = JSON.parse(value);
    } catch {
      return [];
    }
  }
  if (list === undefined || list === null) return [];
  return (Array.isArray(list) ? list : [list]).flatMap((item) => {
    const read = schema.safeParse(item);
    return read.success ? [read.data] : [];
  });
}

/** @throws INVALID_WORKFLOW */
function requireNode(where: string, of: unknown): void {
  if (typeof readField(of, "nodeId") === "string") return;
  throw new SmithersError("INVALID_WORKFLOW", `${where} needs the node: ${where}(outputs.key, { nodeId: "id" }).`);
}

/** Creates the `ctx` of one frame. `scope` is the loop around the component that asks. */
export function createCtx(view: RunView, registry: OutputLookup, reads: Reads, scope: LoopScope | null): Ctx {
  const read = (output: StoredOutput) => {
    if (output.value === absentValue) reads.absent.add(output);
    return currentValue(output);
  };
  const place = (nodeId: string) => nodePlace(nodeId, view.loopsOf(nodeId), (key) => view.loopIteration(key));
  const find = (key: string, id: string, given?: number) => {
    const outputs = reads.node(id);
    let found: StoredOutput | undefined;
    // Most nodes are in no loop, and a large tree asks for thousands of them.
    if ((given === undefined || given === 0) && view.loopsOf(id).length === 0) found = outputs.first;
    else {
      const { nodeId, iteration } = place(id);
      found = view.find(nodeId, given ?? iteration);
    }
    return found?.schemaKey === key ? read(found) : undefined;
  };
  const listOf = (target: unknown, where: string, id: string) => {
    const outputs = reads.node(id);
    const { key } = registry.resolve(target, where);
    const { nodeId } = place(id);
    return (nodeId === id ? outputs : view.outputsOf(nodeId)).list(key);
  };

  const methods = {
    outputMaybe(target: unknown, of: { nodeId: string; iteration?: number }) {
      requireNode("ctx.outputMaybe", of);
      return find(registry.resolve(target, "ctx.outputMaybe").key, of.nodeId, of.iteration);
    },
    output(target: unknown, of: { nodeId: string; iteration?: number }) {
      requireNode("ctx.output", of);
      const { key } = registry.resolve(target, "ctx.output");
      const value = find(key, of.nodeId, of.iteration);
      if (value !== undefined) return value;
      throw new SmithersError("MISSING_OUTPUT", `The node "${of.nodeId}" has no output "${key}" yet.`, {
        details: { nodeId: of.nodeId, iteration: of.iteration ?? place(of.nodeId).iteration, output: key },
      });
    },
    latest(target: unknown, nodeId: string) {
      const last = listOf(target, "ctx.latest", nodeId).at(-1);
      return last && read(last);
    },
    latestArray,
    iterationCount: (target: unknown, nodeId: string) => listOf(target, "ctx.iterationCount", nodeId).length,
  };

  const around = placesOf(idsOf(scope), (key) => view.loopIteration(key)).at(-1);
  const iteration = scope === null ? view.iteration : (around?.iteration ?? 0);
  return {
    runId: view.runId,
    // Validation is lazy: a frame that does not read the input must not fail because of it.
    get input() {
      return view.input;
    },
    auth: view.auth,
    iteration,
    get iterations() {
      return view.iterations;
    },
    ...methods,
    outputs: rowReader(view, registry, reads),
  } as Ctx;
}

/** `ctx.outputs`: a function of a schema or its key, with a property for each key. */
function rowReader(view: RunView, registry: OutputLookup, reads: Reads) {
  const rows = (target: unknown) => {
    if (typeof target === "string" && !registry.byKey(target)) return [];
    const { key } = registry.resolve(target, "ctx.outputs");
    const known = reads.rows.get(key);
    if (known && !known.isOld) return known.take();
    reads.rowsOf.add(key);
    const outputs = view.list(key);
    for (const output of outputs) if (output.value === absentValue) reads.absent.add(output);
    const found = new FrameRows(outputs);
    reads.rows.set(key, found);
    return found.take();
  };
  for (const { key } of registry.list()) {
    Object.defineProperty(rows, key, { get: () => rows(key), enumerable: true, configurable: true });
  }
  return rows;
}

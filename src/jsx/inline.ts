import type { RunView } from "./ctx.ts";
import type { FrameScope } from "./frame-context.ts";
import type { OutputLookup, OutputRegistry, OutputSchema } from "./outputs.ts";
import type { Reads } from "./reads.ts";
import type { Workflow } from "./workflow.ts";

/**
 * The scope of a workflow whose tree is part of another one's. Its nodes and outputs have names of their own: what it
 * asks for by its names is found under the prefix.
 * @param prefix of this workflow in the whole run, such as `rome.`
 */
export function inlineScope(outer: FrameScope, workflow: Workflow, prefix: string, input: unknown): FrameScope {
  const { root } = outer;
  root.view.noteInline(prefix, workflow.registry);
  return {
    registry: registryOf(workflow.registry, prefix),
    view: new InlineView(root.view, prefix, input),
    reads: () => readsUnder(prefix, root.reads),
    cache: false,
    prefix,
    root,
  };
}

function readsUnder(prefix: string, reads: Reads): Reads {
  return {
    // The registry gives keys with the prefix.
    rowsOf: reads.rowsOf,
    rows: reads.rows,
    absent: reads.absent,
    node: (id) => reads.node(prefix + id),
    get failures() {
      return reads.failures;
    },
    set failures(read) {
      reads.failures = read;
    },
  };
}

const registries = new WeakMap<OutputRegistry, Map<string, InlineRegistry>>();

/** The same one for every frame: what it gives is compared, and remembered. */
function registryOf(registry: OutputRegistry, prefix: string): InlineRegistry {
  const byPrefix = registries.get(registry) ?? new Map<string, InlineRegistry>();
  registries.set(registry, byPrefix);
  let known = byPrefix.get(prefix);
  if (!known) byPrefix.set(prefix, (known = new InlineRegistry(registry, prefix)));
  return known;
}

/** The outputs of an inline workflow: they are stored under keys with its prefix. */
class InlineRegistry implements OutputLookup {
  readonly #registry: OutputRegistry;
  readonly #prefix: string;
  readonly #prefixed = new Map<OutputSchema, OutputSchema>();

  constructor(registry: OutputRegistry, prefix: string) {
    this.#registry = registry;
    this.#prefix = prefix;
  }

  byKey(key: string): OutputSchema | undefined {
    return this.#withPrefix(this.#registry.byKey(key));
  }

  find(schema: Parameters<OutputRegistry["find"]>[0]): OutputSchema | undefined {
    return this.#withPrefix(this.#registry.find(schema));
  }

  resolve(target: unknown, where: string): OutputSchema {
    return this.#withPrefix(this.#registry.resolve(target, where))!;
  }

  list(): OutputSchema[] {
    return this.#registry.list();
  }

  #withPrefix(output: OutputSchema | undefined): OutputSchema | undefined {
    if (!output) return undefined;
    let prefixed = this.#prefixed.get(output);
    if (!prefixed) this.#prefixed.set(output, (prefixed = { ...output, key: this.#prefix + output.key }));
    return prefixed;
  }
}

/** A run as an inline workflow sees it: its own nodes, by its own names. Loops have their names in the whole run. */
class InlineView implements RunView {
  readonly #run: RunView;
  readonly #prefix: string;
  readonly input: unknown;

  constructor(run: RunView, prefix: string, input: unknown) {
    this.#run = run;
    this.#prefix = prefix;
    this.input = input;
  }

  get runId() {
    return this.#run.runId;
  }

  get auth() {
    return this.#run.auth;
  }

  get iteration() {
    return this.#run.iteration;
  }

  get iterations() {
    const all = Object.entries(this.#run.iterations);
    const own = all.filter(([id]) => id.startsWith(this.#prefix));
    return Object.fromEntries(own.map(([id, iteration]) => [id.slice(this.#prefix.length), iteration]));
  }

  find(nodeId: string, iteration: number) {
    return this.#run.find(this.#prefix + nodeId, iteration);
  }

  list(schemaKey: string) {
    return this.#run.list(schemaKey);
  }

  outputsOf(nodeId: string) {
    return this.#run.outputsOf(this.#prefix + nodeId);
  }

  loopIteration(loopKey: string) {
    return this.#run.loopIteration(loopKey);
  }

  loopsOf(nodeId: string) {
    return this.#run.loopsOf(this.#prefix + nodeId);
  }

  stateOf(nodeId: string, iteration: number) {
    return this.#run.stateOf(this.#prefix + nodeId, iteration);
  }

  lastUnder(prefix: string) {
    return this.#run.lastUnder(this.#prefix + prefix);
  }

  noteInline(prefix: string, registry: OutputRegistry) {
    this.#run.noteInline(this.#prefix + prefix, registry);
  }
}

import { SmithersError } from "../errors/index.ts";
import {
  type AspectsSpec,
  componentMeantBy,
  type HostElement,
  type HostNode,
  type InlineSpec,
  type LoopPlace,
  type LoopSpec,
  suffixOf,
  type TaskSpec,
} from "../jsx/index.ts";
import { checkCircles } from "./circles.ts";
import { checkOrder } from "./order.ts";
import {
  type Container,
  type Group,
  nodeKey,
  type Plan,
  type PlanAspects,
  type PlanLoop,
  type PlanNode,
  type PlannedTask,
  type PlanSequence,
  type PlanTry,
} from "./types.ts";

/** What compiling reads of the stored run. */
export interface CompileState {
  /** The current iteration of a loop; see {@link PlanLoop.key}. */
  loopIteration(loopKey: string): number;
  /** Whether a node has ever left the state `pending`. */
  hasStarted(nodeId: string, iteration: number): boolean;
}

/** The inline subflows that a node stands in. */
interface InlinePlace {
  readonly prefix: string;
  /** Ids of nodes, in the whole run, that all of it waits for. */
  readonly dependsOn: readonly string[];
  readonly input: unknown;
}

interface Place {
  readonly inline: InlinePlace | undefined;
  /** The outermost first. */
  readonly loops: readonly PlanLoop[];
  readonly groups: readonly Group[];
  readonly tries: readonly PlanTry[];
  readonly within: Container;
  readonly aspects: readonly PlanAspects[];
}

/**
 * Compiles a rendered tree into a plan.
 * @throws DUPLICATE_ID, INVALID_WORKFLOW, CIRCULAR_DEPENDENCY
 */
export function compilePlan(root: HostElement, state: CompileState): Plan {
  return new PlanCompiler(state).compile(root);
}

/** Walks a tree once, and collects its tasks and loops on the way. */
class PlanCompiler {
  readonly #state: CompileState;
  readonly #tasks: PlannedTask[] = [];
  readonly #byId = new Map<string, PlannedTask>();
  readonly #loopIds = new Set<string>();
  readonly #loops: PlanLoop[] = [];
  readonly #leftOut = new Set<string>();
  /** How many Aspects there are so far, by the one around them. */
  readonly #aspectsIn = new Map<PlanAspects | undefined, number>();

  constructor(state: CompileState) {
    this.#state = state;
  }

  compile(root: HostElement): Plan {
    const top: Container = { type: "sequence", parent: null, depth: 0 };
    const whole = this.#sequence(root.children, {
      loops: noLoops,
      groups: [],
      tries: noTries,
      within: top,
      aspects: noAspects,
      inline: undefined,
    });
    const [tasks, byId] = [this.#tasks, this.#byId];
    checkCircles(byId);
    checkOrder(tasks, byId);
    const workflowName = root.spec?.type === "workflow" ? root.spec.name : "";
    return { workflowName, root: whole, tasks, loops: this.#loops, byId, leftOut: this.#leftOut };
  }

  #sequence(children: readonly HostNode[], place: Place): PlanSequence {
    const inside = { ...place, within: containerIn(place.within, "sequence") };
    return { type: "sequence", children: this.#visitAll(children, inside), settledUpTo: 0 };
  }

  #visitAll(nodes: readonly HostNode[], place: Place): PlanNode[] {
    return nodes.flatMap((node) => this.#visit(node, place));
  }

  #visit(node: HostNode, place: Place): PlanNode[] {
    if (node.kind === "text") return [];
    const { spec, children } = node;
    switch (spec?.type) {
      case "task":
        return [{ type: "task", task: this.#task(spec, children, place) }];
      case "parallel": {
        const groups =
          spec.maxConcurrency === undefined ? place.groups : [...place.groups, { limit: spec.maxConcurrency }];
        const inside = { ...place, groups, within: containerIn(place.within, "parallel") };
        return [{ type: "parallel", open: this.#visitAll(children, inside) }];
      }
      case "aspects":
        return this.#visitAll(children, { ...place, aspects: [...place.aspects, this.#aspects(spec, place)] });
      case "left-out":
        for (const id of spec.ids) this.#leftOut.add(prefixOf(place) + id);
        return [];
      case "inline":
        return [this.#sequence(children, { ...place, inline: inlineIn(place, spec) })];
      case "continue":
        return [{ type: "continue", spec }];
      case "try":
        return [this.#try(children, place)];
      case "loop":
        return this.#loop(spec, children, place);
      default:
        if (spec === undefined) refuseMisspelled(node);
        return [this.#sequence(children, place)];
    }
  }

  #aspects(spec: AspectsSpec, place: Place): PlanAspects {
    const around = place.aspects.at(-1);
    const count = (this.#aspectsIn.get(around) ?? 0) + 1;
    this.#aspectsIn.set(around, count);
    return { key: around ? `${around.key}.${count}` : String(count), spec };
  }

  /** The children are its body, its handler and its cleanup; see `TrySpec`. */
  #try(children: readonly HostNode[], place: Place): PlanTry {
    const inside = { ...place, within: containerIn(place.within, "sequence") };
    const parts = children.filter((child) => child.kind === "element");
    const [body, handler, cleanup] = parts.map((part) => part.children);
    const handlerSpec = parts[1]?.spec;
    const planned: PlanTry = {
      type: "try",
      body: emptySequence,
      handler: emptySequence,
      handled: handlerSpec?.type === "handler" && handlerSpec.handled,
      cleanup: emptySequence,
    };
    planned.body = this.#sequence(body ?? [], { ...inside, tries: [...place.tries, planned] });
    planned.handler = this.#sequence(handler ?? [], inside);
    planned.cleanup = this.#sequence(cleanup ?? [], inside);
    return planned;
  }

  #loop(spec: LoopSpec, children: readonly HostNode[], place: Place): PlanNode[] {
    if (this.#loopIds.has(spec.id)) throw new SmithersError("DUPLICATE_ID", `Two loops have the id "${spec.id}".`);
    this.#loopIds.add(spec.id);
    const key = spec.id + suffixOf(placesIn(place.loops));
    const iteration = this.#state.loopIteration(key);
    const first = this.#tasks.length;
    const planned: PlanLoop = { type: "loop", spec, key, iteration, body: emptySequence };
    this.#loops.push(planned);
    planned.body = this.#sequence(children, { ...place, loops: [...place.loops, planned] });
    // A loop that is over before its body has started leaves no trace of the body.
    if (spec.until && !this.#hasStarted(first)) {
      for (const task of this.#tasks.splice(first)) {
        this.#byId.delete(task.spec.id);
        this.#leftOut.add(task.spec.id);
      }
      return [];
    }
    return [planned];
  }

  /** Whether one of the tasks from the given place on has started. */
  #hasStarted(first: number): boolean {
    return this.#tasks.slice(first).some((task) => this.#state.hasStarted(task.nodeId, task.iteration));
  }

  #task(given: TaskSpec, prompt: readonly HostNode[], place: Place): PlannedTask {
    const { loops, groups, tries, within, aspects, inline } = place;
    const spec = inline ? inWhole(given, inline) : given;
    const nodeId = loops.length < 2 ? spec.id : spec.id + suffixOf(placesIn(loops.slice(0, -1)));
    const innermost = loops.at(-1);
    const iteration = innermost?.iteration ?? 0;
    const task: PlannedTask = {
      spec,
      nodeId,
      iteration,
      key: nodeKey(nodeId, iteration),
      ordinal: this.#tasks.length,
      loopId: innermost?.key ?? null,
      loops,
      tries,
      within,
      groups,
      aspects,
      ...(inline && { inlineInput: inline.input }),
      prompt,
    };
    if (this.#byId.has(spec.id)) {
      const details = { nodeId: spec.id };
      throw new SmithersError("DUPLICATE_ID", `Two nodes have the id "${spec.id}".`, { details });
    }
    this.#byId.set(spec.id, task);
    this.#tasks.push(task);
    return task;
  }
}

const prefixOf = ({ inline }: Pick<Place, "inline">) => inline?.prefix ?? "";

function inlineIn(place: Place, { prefix, dependsOn, input }: InlineSpec): InlinePlace {
  const outer = prefixOf(place);
  return {
    prefix: outer + prefix,
    dependsOn: [...(place.inline?.dependsOn ?? []), ...dependsOn.map((id) => outer + id)],
    input,
  };
}

/** A task of an inline subflow as it stands in the whole run. Its function and its value stay those of the element. */
function inWhole(spec: TaskSpec, { prefix, dependsOn }: InlinePlace): TaskSpec {
  const deps = "deps" in spec ? spec.deps : undefined;
  return Object.assign(Object.create(spec) as TaskSpec, {
    id: prefix + spec.id,
    dependsOn: [...dependsOn, ...spec.dependsOn.map((id) => prefix + id)],
    ...(deps && {
      deps: Object.fromEntries(
        Object.entries(deps).map(([name, dep]) => [name, { ...dep, nodeId: prefix + dep.nodeId }]),
      ),
    }),
  });
}

const noLoops: readonly PlanLoop[] = [];
const noTries: readonly PlanTry[] = [];
const noAspects: readonly PlanAspects[] = [];
const emptySequence: PlanSequence = { type: "sequence", children: [], settledUpTo: 0 };

function containerIn(parent: Container, type: Container["type"]): Container {
  return { type, parent, depth: parent.depth + 1 };
}

function placesIn(loops: readonly PlanLoop[]): LoopPlace[] {
  return loops.map(({ spec, iteration }) => {
    // Ids of outer loops are part of ids of nodes, and are read out of them again.
    if (/[,=]/.test(spec.id)) {
      throw new SmithersError(
        "INVALID_WORKFLOW",
        `<Loop id="${spec.id}">: a loop around another one cannot have "," or "=" in its id.`,
      );
    }
    return { id: spec.id, iteration };
  });
}

/** An element that stands for no component groups what is in it, and does nothing else. */
function refuseMisspelled({ tag, shown: { id } }: HostElement): void {
  const name = componentMeantBy(tag);
  if (name === undefined) return;
  const problem = `<${tag}> is not a component: the names of components begin with a capital letter. Write <${name}>.`;
  throw new SmithersError("INVALID_WORKFLOW", problem, typeof id === "string" ? { details: { nodeId: id } } : {});
}

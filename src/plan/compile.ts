import { SmithersError } from "../errors/index.ts";
import {
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
  const tasks: PlannedTask[] = [];
  const byId = new Map<string, PlannedTask>();
  const loopIds = new Set<string>();
  const loops: PlanLoop[] = [];
  const leftOut = new Set<string>();
  /** How many Aspects there are so far, by the one around them. */
  const aspectsIn = new Map<PlanAspects | undefined, number>();

  const sequence = (children: readonly HostNode[], place: Place): PlanSequence => {
    const inside = { ...place, within: containerIn(place.within, "sequence") };
    return { type: "sequence", children: children.flatMap((child) => visit(child, inside)), settledUpTo: 0 };
  };

  const visit = (node: HostNode, place: Place): PlanNode[] => {
    if (node.kind === "text") return [];
    const { spec } = node;
    switch (spec?.type) {
      case "task":
        return [{ type: "task", task: add(spec, node.children, place) }];
      case "parallel": {
        const groups =
          spec.maxConcurrency === undefined ? place.groups : [...place.groups, { limit: spec.maxConcurrency }];
        const inside = { ...place, groups, within: containerIn(place.within, "parallel") };
        return [{ type: "parallel", open: node.children.flatMap((child) => visit(child, inside)) }];
      }
      case "aspects": {
        const around = place.aspects.at(-1);
        const count = (aspectsIn.get(around) ?? 0) + 1;
        aspectsIn.set(around, count);
        const aspects = [...place.aspects, { key: around ? `${around.key}.${count}` : String(count), spec }];
        return node.children.flatMap((child) => visit(child, { ...place, aspects }));
      }
      case "left-out":
        for (const id of spec.ids) leftOut.add(prefixOf(place) + id);
        return [];
      case "inline":
        return [sequence(node.children, { ...place, inline: inlineIn(place, spec) })];
      case "continue":
        return [{ type: "continue", spec }];
      case "try":
        return [attempt(node.children, place)];
      case "loop":
        return loop(spec, node.children, place);
      default:
        return [sequence(node.children, place)];
    }
  };

  /** The children are its body, its handler and its cleanup; see `TrySpec`. */
  const attempt = (children: readonly HostNode[], place: Place): PlanTry => {
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
    planned.body = sequence(body ?? [], { ...inside, tries: [...place.tries, planned] });
    planned.handler = sequence(handler ?? [], inside);
    planned.cleanup = sequence(cleanup ?? [], inside);
    return planned;
  };

  const loop = (spec: LoopSpec, children: readonly HostNode[], place: Place): PlanNode[] => {
    if (loopIds.has(spec.id)) throw new SmithersError("DUPLICATE_ID", `Two loops have the id "${spec.id}".`);
    loopIds.add(spec.id);
    const key = spec.id + suffixOf(placesIn(place.loops));
    const iteration = state.loopIteration(key);
    const first = tasks.length;
    const planned: PlanLoop = { type: "loop", spec, key, iteration, body: emptySequence };
    loops.push(planned);
    planned.body = sequence(children, { ...place, loops: [...place.loops, planned] });
    // A loop that is over before its body has started leaves no trace of the body.
    if (spec.until && !tasks.slice(first).some((task) => state.hasStarted(task.nodeId, task.iteration))) {
      for (const task of tasks.splice(first)) {
        byId.delete(task.spec.id);
        leftOut.add(task.spec.id);
      }
      return [];
    }
    return [planned];
  };

  const add = (
    given: TaskSpec,
    prompt: readonly HostNode[],
    { loops, groups, tries, within, aspects, inline }: Place,
  ): PlannedTask => {
    const spec = inline ? inWhole(given, inline) : given;
    const nodeId = loops.length < 2 ? spec.id : spec.id + suffixOf(placesIn(loops.slice(0, -1)));
    const innermost = loops.at(-1);
    const iteration = innermost?.iteration ?? 0;
    const task: PlannedTask = {
      spec,
      nodeId,
      iteration,
      key: nodeKey(nodeId, iteration),
      ordinal: tasks.length,
      loopId: innermost?.key ?? null,
      loops,
      tries,
      within,
      groups,
      aspects,
      ...(inline && { inlineInput: inline.input }),
      prompt,
    };
    if (byId.has(spec.id)) {
      const details = { nodeId: spec.id };
      throw new SmithersError("DUPLICATE_ID", `Two nodes have the id "${spec.id}".`, { details });
    }
    byId.set(spec.id, task);
    tasks.push(task);
    return task;
  };

  const top: Container = { type: "sequence", parent: null, depth: 0 };
  const whole = sequence(root.children, {
    loops: noLoops,
    groups: [],
    tries: noTries,
    within: top,
    aspects: noAspects,
    inline: undefined,
  });
  checkCircles(byId);
  checkOrder(tasks, byId);
  const workflowName = root.spec?.type === "workflow" ? root.spec.name : "";
  return { workflowName, root: whole, tasks, loops, byId, leftOut };
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

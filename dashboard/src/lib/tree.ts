import { bareTag, type FrameElement, type FrameNode, type IndexedTask, type ParsedFrame } from "./frame.ts";
import { type NodeLog, type NodeState, nodeKey, type RunLog } from "./run-log.ts";

/** A row of the tree: a step, a group of steps, or an iteration of a loop that is over. */
export interface Row {
  readonly key: string;
  readonly depth: number;
  readonly kind: "step" | "group" | "iteration";
  readonly title: string;
  readonly detail: string;
  /** What the element is: `task`, `approval`, `parallel`. */
  readonly tag: string;
  readonly nodeId: string | undefined;
  readonly iteration: number;
  /** The keys of the steps below. */
  readonly below: readonly string[];
  readonly canFold: boolean;
}

const stepTags = new Set(["task", "approval", "wait-for-event", "signal", "timer", "human-task"]);
const baseId = (nodeId: string) => nodeId.split("@@", 1)[0]!;

/** The rows of a frame's tree, in the order in which the author wrote it. */
export function rowsOf(frame: ParsedFrame, log: RunLog, folded: ReadonlySet<string>): Row[] {
  return new RowBuilder(frame.tasks, log, folded).build(frame.root);
}

class RowBuilder {
  readonly #rows: Row[] = [];
  readonly #folded: ReadonlySet<string>;
  /** The planned tasks by the id that the author wrote, in the order of the tree. */
  readonly #tasks: Map<string, IndexedTask[]>;
  /** What has happened to a node, in each of its iterations. */
  readonly #iterations: Map<string, NodeLog[]>;

  constructor(tasks: readonly IndexedTask[], log: RunLog, folded: ReadonlySet<string>) {
    const inOrder = [...tasks].sort((a, b) => a.ordinal - b.ordinal);
    this.#tasks = Map.groupBy(inOrder, ({ nodeId }) => baseId(nodeId));
    this.#iterations = Map.groupBy(log.nodes.values(), ({ nodeId }) => nodeId);
    this.#folded = folded;
  }

  build(root: FrameNode): Row[] {
    this.#visit(root, 0, "");
    return this.#rows;
  }

  /** Adds the rows of an element. Returns the keys of the steps in it. */
  #visit(node: FrameNode, depth: number, path: string): string[] {
    if (node.kind === "text") return [];
    const tag = bareTag(node.tag);
    if (stepTags.has(tag)) return [this.#step(node, tag, depth)];
    if (tag === "workflow") return this.#visitAll(node.children, depth, path);
    // A sequence with one step, as a Signal with its body before the signal has come, is that step.
    const shown = elementsIn(node);
    if (tag === "sequence" && shown.length <= 1) return this.#visitAll(shown, depth, path);
    return this.#group(node, tag, depth, path);
  }

  #visitAll(nodes: readonly FrameNode[], depth: number, path: string): string[] {
    return nodes.flatMap((node, index) => this.#visit(node, depth, `${path}/${index}`));
  }

  #step({ props }: FrameElement, tag: string, depth: number): string {
    const id = String(props.id ?? "");
    const task = this.#tasks.get(id)?.shift() ?? this.#tasks.get(baseId(id))?.shift();
    const nodeId = task?.nodeId ?? id;
    const iteration = task?.iteration ?? 0;
    const title = typeof props.title === "string" ? props.title : "";
    const key = nodeKey(nodeId, iteration);
    this.#rows.push({
      ...leaf,
      key,
      depth,
      kind: "step",
      title: task?.label ?? baseId(nodeId),
      detail: task?.label ? baseId(nodeId) : title,
      tag: task?.kind === "agent" ? "agent" : tag,
      nodeId,
      iteration,
    });
    return key;
  }

  #group(node: FrameElement, tag: string, depth: number, path: string): string[] {
    const key = `${path}:${tag}`;
    const rows = this.#rows;
    const at = rows.push(undefined as never) - 1;
    const isFolded = this.#folded.has(key);
    const past = tag === "loop" ? this.#pastIterations(node, key, depth + 1) : [];
    if (!isFolded) rows.push(...past);
    const from = rows.length;
    if (past.length > 0) rows.push(currentIteration(node, key, depth + 1));
    const below = this.#visitAll(unwrapped(node), depth + (past.length > 0 ? 2 : 1), path);
    const current = rows[from];
    if (past.length > 0 && current) rows[from] = { ...current, below };
    if (isFolded) rows.length = from;
    rows[at] = {
      ...leaf,
      key,
      depth,
      kind: "group",
      title: tag === "loop" ? `loop ${String(node.props.id ?? "")}` : tag,
      detail: detailOf(tag, node.props),
      tag,
      below: [...past.filter(({ kind }) => kind === "iteration").flatMap((one) => one.below), ...below],
      canFold: true,
    };
    return below;
  }

  /** Rows of the iterations before the current one; unfolded, each with its steps. */
  #pastIterations(loop: FrameElement, path: string, depth: number): Row[] {
    const nodes = stepIds(loop).flatMap((id) => this.#iterations.get(id) ?? []);
    const byIteration = Map.groupBy(nodes, ({ iteration }) => iteration);
    const past = [...byIteration].filter(([iteration]) => iteration < iterationOf(loop));
    return past
      .sort(([a], [b]) => a - b)
      .flatMap(([iteration, steps]) => {
        const row: Row = {
          ...iterationRow(`${path}#${iteration}`, iteration, depth),
          below: steps.map((step) => nodeKey(step.nodeId, iteration)),
          canFold: true,
        };
        // Unlike a group, an iteration that is over is folded until the reader opens it.
        return this.#folded.has(row.key) ? [row, ...steps.map((step) => pastStep(step, depth + 1))] : [row];
      });
  }
}

const leaf = { detail: "", nodeId: undefined, iteration: 0, below: [], canFold: false } as const;

function iterationRow(key: string, iteration: number, depth: number): Row {
  return { ...leaf, key, depth, kind: "iteration", title: `iteration ${iteration + 1}`, tag: "iteration", iteration };
}

/** The row of the current iteration, next to those that are over. */
function currentIteration(loop: FrameElement, path: string, depth: number): Row {
  return iterationRow(`${path}#now`, iterationOf(loop), depth);
}

function pastStep({ nodeId, iteration }: NodeLog, depth: number): Row {
  const key = nodeKey(nodeId, iteration);
  return { ...leaf, key, depth, kind: "step", title: baseId(nodeId), tag: "task", nodeId, iteration };
}

const iterationOf = ({ props }: FrameElement) => (typeof props.iteration === "number" ? props.iteration : 0);

const elementsIn = (node: FrameNode): FrameNode[] =>
  node.kind === "text" ? [] : node.children.filter(({ kind }) => kind === "element");

/** What is in a group. A sequence that is all of it says nothing of its own in a loop, whose steps have an order anyway. */
function unwrapped(group: FrameNode): FrameNode[] {
  const children = elementsIn(group);
  const [only] = children;
  if (children.length !== 1 || only?.kind !== "element") return children;
  return bareTag(only.tag) === "sequence" && group.kind === "element" && bareTag(group.tag) === "loop"
    ? elementsIn(only)
    : children;
}

function stepIds(node: FrameNode): string[] {
  if (node.kind === "text") return [];
  if (stepTags.has(bareTag(node.tag))) return [String(node.props.id ?? "")];
  return node.children.flatMap(stepIds);
}

function detailOf(tag: string, props: Readonly<Record<string, unknown>>): string {
  if (tag === "loop") return `iteration ${Number(props.iteration ?? 0) + 1} of at most ${String(props.maxIterations)}`;
  if (tag === "parallel" && props.maxConcurrency !== undefined)
    return `at most ${String(props.maxConcurrency)} at once`;
  return "";
}

/** The state that a group shows: the most pressing of its steps'. */
export function stateOfGroup(below: readonly string[], log: RunLog): NodeState {
  const states = new Set(below.map((key) => log.nodes.get(key)?.state ?? "pending"));
  const order: NodeState[] = ["failed", "waiting-approval", "waiting-event", "in-progress", "waiting-timer"];
  for (const state of order) if (states.has(state)) return state;
  if (states.has("pending")) return states.has("finished") ? "in-progress" : "pending";
  if (states.has("finished")) return "finished";
  return states.has("cancelled") ? "cancelled" : "skipped";
}

import { bareTag, elementsIn, type FrameElement, type FrameNode, type IndexedTask, type ParsedFrame } from "./frame.ts";
import { isTransparent, placeIn, wordsOf } from "./groups.ts";
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
const idOf = ({ props }: FrameElement) => String(props.id ?? "");

/** The rows of a frame's tree, in the order in which the author wrote it. */
export function rowsOf(frame: ParsedFrame, log: RunLog, folded: ReadonlySet<string>): Row[] {
  return new RowBuilder(frame.tasks, log, folded).build(frame.root);
}

/** Where an element stands. */
interface Place {
  readonly parent: FrameElement | undefined;
  readonly depth: number;
  /** Tells it apart from all others of the tree. */
  readonly path: string;
  /** The iterations of the loops around the innermost one, as node ids have them: `outer=1,middle=0`. */
  readonly outer: string;
}

class RowBuilder {
  readonly #rows: Row[] = [];
  readonly #folded: ReadonlySet<string>;
  /** The planned tasks by the id that the author wrote, in the order of the tree. */
  readonly #tasks: Map<string, IndexedTask[]>;
  /** What has happened to the nodes of a step, in each of its iterations, by the id that the author wrote. */
  readonly #nodes: Map<string, NodeLog[]>;

  constructor(tasks: readonly IndexedTask[], log: RunLog, folded: ReadonlySet<string>) {
    const inOrder = [...tasks].sort((a, b) => a.ordinal - b.ordinal);
    this.#tasks = Map.groupBy(inOrder, ({ nodeId }) => baseId(nodeId));
    this.#nodes = Map.groupBy(log.nodes.values(), ({ nodeId }) => baseId(nodeId));
    this.#folded = folded;
  }

  build(root: FrameNode): Row[] {
    if (root.kind === "element") this.#visit(root, { parent: undefined, depth: 0, path: "", outer: "" });
    return this.#rows;
  }

  /** Adds the rows of an element. Returns the keys of the steps in it. */
  #visit(element: FrameElement, place: Place): string[] {
    if (this.#isStep(element)) return [this.#step(element, place)];
    if (isTransparent(element, place.parent)) return this.#visitAll(element, place);
    return this.#group(element, place);
  }

  #visitAll(element: FrameElement, place: Place): string[] {
    return elementsIn(element).flatMap((child, index) =>
      this.#visit(child, { ...place, parent: element, path: `${place.path}/${index}` }),
    );
  }

  /** A subflow and a worktree's clean-up are steps too: nothing is in them. */
  #isStep(element: FrameElement): boolean {
    return (
      stepTags.has(bareTag(element.tag)) || (elementsIn(element).length === 0 && this.#tasks.has(baseId(idOf(element))))
    );
  }

  #step(element: FrameElement, { parent, depth }: Place): string {
    const id = idOf(element);
    const task = this.#tasks.get(id)?.shift() ?? this.#tasks.get(baseId(id))?.shift();
    const nodeId = task?.nodeId ?? id;
    const iteration = task?.iteration ?? 0;
    const title = typeof element.props.title === "string" ? element.props.title : "";
    const key = nodeKey(nodeId, iteration);
    this.#rows.push({
      ...leaf,
      key,
      depth,
      kind: "step",
      title: task?.label ?? baseId(nodeId),
      detail: placeIn(parent, id) || (task?.label ? baseId(nodeId) : title),
      tag: task?.kind === "agent" ? "agent" : bareTag(element.tag),
      nodeId,
      iteration,
    });
    return key;
  }

  #group(element: FrameElement, place: Place): string[] {
    const { parent, depth, path } = place;
    const tag = bareTag(element.tag);
    const key = `${path}:${tag}`;
    const rows = this.#rows;
    const at = rows.push(undefined as never) - 1;
    const isFolded = this.#folded.has(key);
    const past = tag === "loop" ? this.#pastIterations(element, { ...place, path: key, depth: depth + 1 }) : [];
    if (!isFolded) rows.push(...past);
    const from = rows.length;
    if (past.length > 0) rows.push(currentIteration(element, key, depth + 1));
    const below = this.#visitAll(element, {
      ...place,
      depth: depth + (past.length > 0 ? 2 : 1),
      outer: tag === "loop" ? within(element, place) + String(iterationOf(element)) : place.outer,
    });
    const isEmpty = below.length === 0 && past.length === 0;
    // A catch that has caught nothing, or a finally that the author has left out.
    if (isEmpty && tag !== "continue-as-new") {
      rows.length = at;
      return [];
    }
    const current = rows[from];
    if (past.length > 0 && current) rows[from] = { ...current, below };
    if (isFolded) rows.length = from;
    rows[at] = {
      ...leaf,
      ...wordsOf(element, parent && bareTag(parent.tag)),
      key,
      depth,
      kind: "group",
      tag,
      below: [...past.filter(({ kind }) => kind === "iteration").flatMap((one) => one.below), ...below],
      canFold: !isEmpty,
    };
    return below;
  }

  /** Rows of the iterations before the current one; unfolded, each with its steps, those of inner loops too. */
  #pastIterations(loop: FrameElement, place: Place): Row[] {
    const inIt = within(loop, place);
    const iterationIn = ({ nodeId, iteration }: NodeLog) => {
      const scope = nodeId.split("@@", 2)[1] ?? "";
      if (scope === place.outer) return iteration;
      return scope.startsWith(inIt) ? Number.parseInt(scope.slice(inIt.length), 10) : Number.NaN;
    };
    const nodes = stepIds(loop).flatMap((id) => this.#nodes.get(baseId(id)) ?? []);
    const past = [...Map.groupBy(nodes, iterationIn)].filter(([iteration]) => iteration < iterationOf(loop));
    return past
      .sort(([a], [b]) => a - b)
      .flatMap(([iteration, steps]) => {
        const row: Row = {
          ...iterationRow(`${place.path}#${iteration}`, iteration, place.depth),
          below: steps.map((step) => nodeKey(step.nodeId, step.iteration)),
          canFold: true,
        };
        // Unlike a group, an iteration that is over is folded until the reader opens it.
        if (!this.#folded.has(row.key)) return [row];
        const isInner = ({ nodeId }: NodeLog) => (nodeId.split("@@", 2)[1] ?? "") !== place.outer;
        return [
          row,
          ...steps.map((step) => ({
            ...pastStep(step, place.depth + 1),
            detail: isInner(step) ? `iteration ${step.iteration + 1}` : "",
          })),
        ];
      });
  }
}

/** What the ids of the nodes in a loop's inner loops begin with, after the mark, but for the iteration. */
const within = (loop: FrameElement, { outer }: Place) => `${outer === "" ? "" : `${outer},`}${idOf(loop)}=`;

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

function stepIds(node: FrameNode): string[] {
  if (node.kind === "text") return [];
  if (stepTags.has(bareTag(node.tag)) || elementsIn(node).length === 0) return [idOf(node)];
  return node.children.flatMap(stepIds);
}

/** The rows of the steps in a state, of all iterations, in the order in which they came to be. */
export function rowsInState(state: string, rows: readonly Row[], log: RunLog): Row[] {
  const shown = new Map(rows.filter(({ kind }) => kind === "step").map((row) => [row.key, row]));
  const isShown = ({ nodeId, iteration }: NodeLog) => {
    const its = log.stateOf(nodeKey(nodeId, iteration));
    // The server counts a step that waits for a quota as pending.
    return its === state || (state === "pending" && its === "waiting-quota");
  };
  return [...log.nodes.values()].filter(isShown).map((node) => {
    const row = shown.get(nodeKey(node.nodeId, node.iteration)) ?? pastStep(node, 0);
    const detail = node.iteration > 0 ? `iteration ${node.iteration + 1}` : row.detail;
    return { ...row, depth: 0, detail };
  });
}

/** The state that a group shows: the most pressing of its steps'. */
export function stateOfGroup(below: readonly string[], log: RunLog): NodeState {
  const states = new Set(below.map((key) => log.stateOf(key)));
  const order: NodeState[] = [
    "failed",
    "waiting-approval",
    "waiting-event",
    "in-progress",
    "waiting-quota",
    "waiting-timer",
  ];
  for (const state of order) if (states.has(state)) return state;
  if (states.has("pending")) return states.has("finished") ? "in-progress" : "pending";
  if (states.has("finished")) return "finished";
  return states.has("cancelled") ? "cancelled" : "skipped";
}

import { type NodeLog, type NodeState, nodeKey, type RunLog } from "./run-log.ts";

/** An element or a text of a frame. */
export type FrameNode =
  | {
      readonly kind: "element";
      readonly tag: string;
      readonly props: Readonly<Record<string, unknown>>;
      readonly children: readonly FrameNode[];
    }
  | { readonly kind: "text"; readonly text: string };

interface IndexedTask {
  readonly nodeId: string;
  readonly iteration: number;
  readonly ordinal: number;
  readonly kind: string;
  readonly label: string | null;
}

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
const bare = (tag: string) => tag.replace(/^smithers:/, "");
const baseId = (nodeId: string) => nodeId.split("@@", 1)[0]!;

export interface ParsedFrame {
  readonly root: FrameNode;
  readonly tasks: readonly IndexedTask[];
}

export function parseFrame({ xmlJson, taskIndexJson }: { xmlJson: string; taskIndexJson: string }): ParsedFrame {
  return { root: JSON.parse(xmlJson), tasks: JSON.parse(taskIndexJson) };
}

/** The rows of a frame's tree, in the order in which the author wrote it. */
export function rowsOf({ root, tasks }: ParsedFrame, log: RunLog, folded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const queues = new Map<string, IndexedTask[]>();
  for (const task of [...tasks].sort((a, b) => a.ordinal - b.ordinal)) {
    const id = baseId(task.nodeId);
    queues.set(id, [...(queues.get(id) ?? []), task]);
  }
  const iterationsOf = new Map<string, NodeLog[]>();
  for (const node of log.nodes.values()) {
    const all = iterationsOf.get(node.nodeId);
    if (all) all.push(node);
    else iterationsOf.set(node.nodeId, [node]);
  }

  const visit = (node: FrameNode, depth: number, path: string): string[] => {
    if (node.kind === "text") return [];
    const tag = bare(node.tag);
    if (stepTags.has(tag)) {
      const id = String(node.props.id ?? "");
      const task = queues.get(id)?.shift() ?? queues.get(baseId(id))?.shift();
      const nodeId = task?.nodeId ?? id;
      const iteration = task?.iteration ?? 0;
      const title = typeof node.props.title === "string" ? node.props.title : "";
      rows.push({
        key: nodeKey(nodeId, iteration),
        depth,
        kind: "step",
        title: task?.label ?? baseId(nodeId),
        detail: task?.label ? baseId(nodeId) : title,
        tag: task?.kind === "agent" ? "agent" : tag,
        nodeId,
        iteration,
        below: [],
        canFold: false,
      });
      return [nodeKey(nodeId, iteration)];
    }
    if (tag === "workflow") return node.children.flatMap((child, index) => visit(child, depth, `${path}/${index}`));
    // A sequence with one step, as a Signal with its body before the signal has come, is that step.
    const shown = elementsIn(node);
    if (tag === "sequence" && shown.length <= 1) return shown.flatMap((child) => visit(child, depth, `${path}/0`));
    const at = rows.length;
    const key = `${path}:${tag}`;
    rows.push(undefined as never);
    const isFolded = folded.has(key);
    const past = tag === "loop" ? pastIterations(node, key, depth + 1) : [];
    if (!isFolded) rows.push(...past);
    const from = rows.length;
    const inner = tag === "loop" && past.length > 0 ? openIteration(node, key, depth + 1) : depth + 1;
    const below = unwrapped(node).flatMap((child, index) => visit(child, inner, `${path}/${index}`));
    const current = rows[from];
    if (inner > depth + 1 && current) rows[from] = { ...current, below };
    if (isFolded) rows.length = from;
    rows[at] = {
      key,
      depth,
      kind: "group",
      title: tag === "loop" ? `loop ${String(node.props.id ?? "")}` : tag,
      detail: detailOf(tag, node.props),
      tag,
      nodeId: undefined,
      iteration: 0,
      below: [...past.filter(({ kind }) => kind === "iteration").flatMap((one) => one.below), ...below],
      canFold: true,
    };
    return below;
  };

  /** Puts a row for the current iteration, next to those that are over; gives the depth of what is in it. */
  const openIteration = (loop: FrameNode, path: string, depth: number): number => {
    const current = loop.kind === "element" ? Number(loop.props.iteration) : 0;
    rows.push({
      key: `${path}#now`,
      depth,
      kind: "iteration",
      title: `iteration ${current + 1}`,
      detail: "",
      tag: "iteration",
      nodeId: undefined,
      iteration: current,
      below: [],
      canFold: false,
    });
    return depth + 1;
  };

  /** Rows of the iterations before the current one; unfolded, each with its steps. */
  const pastIterations = (loop: FrameNode, path: string, depth: number): Row[] => {
    const current = loop.kind === "element" && typeof loop.props.iteration === "number" ? loop.props.iteration : 0;
    const ids = stepIds(loop);
    const result: Row[] = [];
    for (let iteration = 0; iteration < current; iteration += 1) {
      const steps = ids.flatMap((id) => (iterationsOf.get(id) ?? []).filter((node) => node.iteration === iteration));
      if (steps.length === 0) continue;
      const key = `${path}#${iteration}`;
      // Unlike a group, an iteration that is over is folded until the reader opens it.
      const isOpen = folded.has(key);
      result.push({
        key,
        depth,
        kind: "iteration",
        title: `iteration ${iteration + 1}`,
        detail: "",
        tag: "iteration",
        nodeId: undefined,
        iteration,
        below: steps.map((step) => nodeKey(step.nodeId, iteration)),
        canFold: true,
      });
      if (!isOpen) continue;
      for (const step of steps) {
        result.push({
          key: nodeKey(step.nodeId, iteration),
          depth: depth + 1,
          kind: "step",
          title: baseId(step.nodeId),
          detail: "",
          tag: "task",
          nodeId: step.nodeId,
          iteration,
          below: [],
          canFold: false,
        });
      }
    }
    return result;
  };

  visit(root, 0, "");
  return rows;
}

const elementsIn = (node: FrameNode): FrameNode[] =>
  node.kind === "text" ? [] : node.children.filter(({ kind }) => kind === "element");

/** What is in a group. A sequence that is all of it says nothing of its own in a loop, whose steps have an order anyway. */
function unwrapped(group: FrameNode): FrameNode[] {
  const children = elementsIn(group);
  const [only] = children;
  if (children.length !== 1 || only?.kind !== "element") return children;
  return bare(only.tag) === "sequence" && group.kind === "element" && bare(group.tag) === "loop"
    ? elementsIn(only)
    : children;
}

function stepIds(node: FrameNode): string[] {
  if (node.kind === "text") return [];
  if (stepTags.has(bare(node.tag))) return [String(node.props.id ?? "")];
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

/** What differs between two frames, as sentences. */
export function changesBetween(
  before: ParsedFrame | undefined,
  now: ParsedFrame,
): { added: string[]; removed: string[]; changed: string[] } {
  const name = ({ nodeId, iteration }: IndexedTask) =>
    iteration > 0 ? `${nodeId} (iteration ${iteration + 1})` : nodeId;
  const old = new Set(before?.tasks.map(name));
  const current = new Set(now.tasks.map(name));
  return {
    added: [...current].filter((one) => !old.has(one)),
    removed: [...old].filter((one) => !current.has(one)),
    changed: before ? changedProps(before.root, now.root) : [],
  };
}

/** The props, and texts, of elements that are in both trees and differ, as `element: prop before → now`. */
function changedProps(before: FrameNode, now: FrameNode): string[] {
  const old = shownIn(before);
  return [...shownIn(now)].flatMap(([key, { name, values }]) => {
    const was = old.get(key)?.values;
    if (!was) return [];
    const props = [...new Set([...Object.keys(was), ...Object.keys(values)])];
    return props
      .filter((prop) => JSON.stringify(was[prop]) !== JSON.stringify(values[prop]))
      .map((prop) => `${name}: ${prop} ${short(was[prop])} → ${short(values[prop])}`);
  });
}

interface Shown {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What the elements of a tree show, by the id of the element or, without one, by its place in its parent. */
function shownIn(root: FrameNode): Map<string, Shown> {
  const all = new Map<string, Shown>();
  const visit = (node: FrameNode, parent: string, index: number) => {
    if (node.kind === "text") return;
    const tag = bare(node.tag);
    const id = typeof node.props.id === "string" ? node.props.id : undefined;
    const key = id === undefined ? `${parent}/${tag}[${index}]` : `${tag} ${id}`;
    const text = node.children.map((child) => (child.kind === "text" ? child.text : "")).join("");
    all.set(key, { name: id ?? tag, values: text === "" ? node.props : { ...node.props, text } });
    const counts = new Map<string, number>();
    for (const child of node.children) {
      if (child.kind === "text") continue;
      const count = counts.get(child.tag) ?? 0;
      counts.set(child.tag, count + 1);
      visit(child, key, count);
    }
  };
  visit(root, "", 0);
  return all;
}

const longestShown = 60;

function short(value: unknown): string {
  const text = value === undefined ? "(none)" : (JSON.stringify(value) ?? String(value));
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

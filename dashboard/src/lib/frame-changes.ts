import { bareTag, type FrameNode, type IndexedTask, type ParsedFrame } from "./frame.ts";

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
    const tag = bareTag(node.tag);
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

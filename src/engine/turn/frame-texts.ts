import { createHash } from "node:crypto";
import type { HostElement, HostNode } from "../../jsx/index.ts";
import type { Plan, PlannedTask } from "../../plan/index.ts";
import type { Tree } from "../../store/index.ts";
import { isShown, toFrameNode } from "./frame.ts";
import { KeptListJson } from "./kept-list-json.ts";

/** Elements with fewer children are not worth being looked up. */
const manyChildren = 64;

/** The JSON of one run's frames. That of what is the same as in the last frame is kept. */
export class FrameTexts {
  readonly #children = new WeakMap<HostElement, KeptListJson<HostNode>>();
  readonly #ids = new KeptListJson<PlannedTask>(specOf, ({ nodeId }) => JSON.stringify(nodeId));
  readonly #index = new KeptListJson<PlannedTask>(specOf, indexJson);

  /** A rendered tree and its plan as a frame stores them, with their hashes. */
  treeOf(root: HostNode, { tasks }: Plan): Tree {
    const xmlJson = this.#nodeJson(root);
    const mountedTaskIdsJson = `[${this.#ids.of(tasks)}]`;
    const taskIndexJson = `[${this.#index.of(tasks)}]`;
    const xmlHash = sha256(xmlJson);
    const treeHash = sha256(`${xmlHash}\n${mountedTaskIdsJson}\n${taskIndexJson}`);
    return { treeHash, xmlJson, xmlHash, mountedTaskIdsJson, taskIndexJson };
  }

  /** The JSON of {@link toFrameNode}; empty for what frames do not show. */
  #nodeJson(node: HostNode): string {
    if (!isShown(node)) return "";
    if (node.kind === "text") return JSON.stringify(toFrameNode(node));
    const { kind, tag, shown: props } = node;
    return `${JSON.stringify({ kind, tag, props }).slice(0, -1)},"children":[${this.#childrenJson(node)}]}`;
  }

  #childrenJson(element: HostElement): string {
    const { children } = element;
    if (children.length < manyChildren) {
      return children
        .filter(isShown)
        .map((child) => this.#nodeJson(child))
        .join(",");
    }
    let known = this.#children.get(element);
    if (!known) {
      known = new KeptListJson(shownOf, (child) => this.#nodeJson(child));
      this.#children.set(element, known);
    }
    return known.of(children);
  }
}

/** What the JSON of an element without children is made from: the object is made with its element. */
function shownOf(node: HostNode): unknown {
  return node.kind === "element" && node.children.length === 0 ? node.shown : undefined;
}

/** What a task's place in the index is made from; in a loop also from the iteration. */
function specOf({ loops, spec }: PlannedTask): unknown {
  return loops.length === 0 ? spec : undefined;
}

function indexJson({ nodeId, iteration, ordinal, spec }: PlannedTask): string {
  const { kind, output, label } = spec;
  return JSON.stringify({ nodeId, iteration, ordinal, kind, output: output.key, label });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

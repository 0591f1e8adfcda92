import type { ReactElement, ReactNode } from "react";
import { PlacedTask, placedElement, Task } from "./components/task.ts";
import type { AnyTaskProps } from "./components/task-props.ts";
import { Loop, MergeQueue, Parallel, Sequence, WorkflowComponent } from "./components/workflow.ts";
import { React } from "./react.ts";

/** What an author's tree consists of: a part that can be recognised in the next frame, or any other node. */
type Part = KeptTask | KeptList | KeptContainer | ReactNode;
type Props = Readonly<Record<string, unknown>>;

class KeptTask {
  readonly task: PlacedTask;
  readonly node: ReactElement;
  readonly #key: string | null;

  constructor({ key, props }: ReactElement) {
    this.task = new PlacedTask(props as AnyTaskProps);
    this.node = placedElement(this.task, key);
    this.#key = key;
  }

  takes({ key, props }: ReactElement): boolean {
    return key === this.#key && this.task.update(props as AnyTaskProps);
  }
}

class KeptList {
  readonly parts: readonly Part[];
  readonly node: readonly ReactNode[];

  constructor(parts: readonly Part[]) {
    this.parts = parts;
    this.node = parts.map(nodeOf);
  }
}

class KeptContainer {
  readonly node: ReactElement;
  readonly inner: Part;

  constructor(element: ReactElement, inner: Part) {
    this.inner = inner;
    const children = nodeOf(inner);
    this.node =
      children === (element.props as Props).children ? element : React.cloneElement(element, undefined, children);
  }

  isSame(element: ReactElement, inner: Part): boolean {
    const { type, key, props } = this.node;
    return (
      inner === this.inner &&
      element.type === type &&
      element.key === key &&
      hasSame(props as Props, element.props as Props)
    );
  }
}

/** Containers that show nothing but their props and their children. */
const containers: ReadonlySet<unknown> = new Set([WorkflowComponent, Sequence, Parallel, MergeQueue, React.Fragment]);

/**
 * Keeps the elements of an author's tree from frame to frame. An author's code makes all elements again at each
 * rendering, and React would look at each of them. It does not look at an element that is the same object as before.
 */
export class KeptTree {
  #whole: Part;
  /** The lists around the node that is being looked at. */
  readonly #around: unknown[] = [];
  /** How many containers are around it. */
  #depth = 0;

  /**
   * @param built what the author's code has built for a frame
   * @returns the same tree, with the elements of the frame before where nothing has changed but the functions and
   *   values of tasks. The tasks have the new ones.
   */
  keep(built: ReactNode): ReactNode {
    // A rendering may have ended with an error in the middle.
    this.#depth = 0;
    this.#around.length = 0;
    this.#whole = this.#keep(this.#whole, built);
    return nodeOf(this.#whole);
  }

  #keep(before: Part, node: ReactNode): Part {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return this.#keepList(before, node);
    if (!React.isValidElement(node)) return node;
    if (node.type === Task) return before instanceof KeptTask && before.takes(node) ? before : new KeptTask(node);
    const isContainer = containers.has(node.type);
    if (!isContainer && node.type !== Loop) return node;
    // What is nested deeper is refused when it is rendered. Looking at all of it could exhaust the stack.
    if (this.#depth === maxDepth) return node;
    this.#depth += 1;
    const around = before instanceof KeptContainer ? before : undefined;
    const inner = this.#keep(around?.inner, (node.props as { children?: ReactNode }).children);
    this.#depth -= 1;
    return isContainer && around?.isSame(node, inner) ? around : new KeptContainer(node, inner);
  }

  #keepList(before: Part, list: readonly ReactNode[]): Part {
    // One that contains itself is refused when it is rendered.
    if (this.#around.length === maxDepth || this.#around.includes(list)) return list;
    this.#around.push(list);
    const was = before instanceof KeptList ? before.parts : none;
    let parts: Part[] | undefined;
    for (let index = 0; index < list.length; index += 1) {
      const part = this.#keep(was[index], list[index]);
      if (!parts && (index >= was.length || part !== was[index])) parts = was.slice(0, index);
      parts?.push(part);
    }
    this.#around.pop();
    if (!parts && before instanceof KeptList && was.length === list.length) return before;
    return new KeptList(parts ?? was.slice(0, list.length));
  }
}

/** Deepest nesting of containers whose elements are kept. */
const maxDepth = 500;
const none: readonly Part[] = [];

function nodeOf(part: Part): ReactNode {
  return part instanceof KeptTask || part instanceof KeptList || part instanceof KeptContainer
    ? (part.node as ReactNode)
    : part;
}

/** Whether all props but the children are the same. */
function hasSame(before: Props, after: Props): boolean {
  for (const name in after) if (name !== "children" && after[name] !== before[name]) return false;
  for (const name in before) if (!(name in after)) return false;
  return true;
}

import type { NodeItem } from "../../api/index.ts";
import { type Frame, isSettled } from "../../model/index.ts";
import type { TreeNode } from "../terminal/workflow-tree.ts";

/** A loop that has run as often as it may, and whose `until` is still false. */
export interface ExhaustedLoop {
  readonly id: string;
  readonly iterations: number;
  /** The nodes of its last iteration. */
  readonly nodes: readonly Position[];
}

type Position = Pick<NodeItem, "nodeId" | "iteration">;

/** The exhausted loops in a run's last frame, the outermost first. */
export function exhaustedLoops({ xmlJson, taskIndexJson }: Frame, nodes: readonly NodeItem[]): ExhaustedLoop[] {
  const settled = new Set(nodes.filter(({ state }) => isSettled(state)).map(keyOf));
  // The index lists the tasks in the order of the tree.
  const mounted = (JSON.parse(taskIndexJson) as Position[]).map(({ nodeId, iteration }) => ({ nodeId, iteration }));
  let next = 0;
  const found: ExhaustedLoop[] = [];
  const visit = (node: TreeNode): Position[] => {
    if (node.kind === "text") return [];
    if (isTask(node.tag)) return mounted.slice(next, ++next);
    const place = found.length;
    const inside = node.children.flatMap(visit);
    const { id, until, maxIterations, iteration } = node.props as unknown as LoopProps;
    const isExhausted = node.tag === "smithers:loop" && !until && iteration + 1 >= maxIterations;
    if (isExhausted && inside.length > 0 && inside.every((one) => settled.has(keyOf(one)))) {
      found.splice(place, 0, { id, iterations: iteration + 1, nodes: inside });
    }
    return inside;
  };
  visit(JSON.parse(xmlJson));
  return found;
}

interface LoopProps {
  readonly id: string;
  readonly until: boolean;
  readonly maxIterations: number;
  readonly iteration: number;
}

const groups: ReadonlySet<string> = new Set(["workflow", "sequence", "parallel", "loop"]);

function isTask(tag: string): boolean {
  return tag.startsWith("smithers:") && !groups.has(tag.slice("smithers:".length));
}

const keyOf = ({ nodeId, iteration }: Position) => `${iteration}:${nodeId}`;

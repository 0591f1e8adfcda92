import { applyDifference, type Difference, differenceOf } from "./text-difference.ts";
import type { Tree, TreeDifference, TreeTexts } from "./turn.ts";

/** Maximum number of trees to read for one that is stored as a chain of differences. */
export const maxTreeDepth = 50;

const parts = ["xmlJson", "mountedTaskIdsJson", "taskIndexJson"] as const;

/** A tree's row. */
export interface TreeRow {
  readonly xmlHash: string;
  /** The tree that this one is a difference of; null when it is whole. */
  readonly baseNo: number | null;
  /** The texts, or their differences from those of the base tree, as JSON. */
  readonly json: string;
}

/** A tree's texts as JSON. */
export function wholeTree(tree: TreeTexts): string {
  return JSON.stringify(parts.map((part) => tree[part]));
}

/** The difference of a tree from `before`; undefined when it is not much shorter than the whole tree. */
export function differenceFrom(before: Tree, tree: TreeTexts): TreeDifference | undefined {
  const json = JSON.stringify(parts.map((part) => toArray(differenceOf(before[part], tree[part]))));
  return json.length < treeSize(tree) / 2 ? { baseHash: before.treeHash, json } : undefined;
}

/** The texts of the tree that differs so from `base`. */
export function treeFrom(base: TreeTexts, xmlHash: string, { json }: TreeDifference): TreeTexts {
  return changed(base, xmlHash, JSON.parse(json));
}

/** Reads trees by number. Frames share trees, and trees build on one another, so each tree is read only once. */
export class TreeReader {
  readonly #rowOf: (treeNo: number) => TreeRow;
  readonly #known = new Map<number, TreeTexts>();

  constructor(rowOf: (treeNo: number) => TreeRow) {
    this.#rowOf = rowOf;
  }

  read(treeNo: number): TreeTexts {
    const differences: [number, TreeRow][] = [];
    let tree = this.#known.get(treeNo);
    for (let no = treeNo; tree === undefined; ) {
      const row = this.#rowOf(no);
      if (row.baseNo === null) {
        const [xmlJson, mountedTaskIdsJson, taskIndexJson] = JSON.parse(row.json) as [string, string, string];
        tree = { xmlHash: row.xmlHash, xmlJson, mountedTaskIdsJson, taskIndexJson };
        this.#known.set(no, tree);
      } else {
        differences.push([no, row]);
        no = row.baseNo;
        tree = this.#known.get(no);
      }
    }
    for (const [no, { xmlHash, json }] of differences.reverse()) {
      tree = changed(tree, xmlHash, JSON.parse(json));
      this.#known.set(no, tree);
    }
    return tree;
  }
}

/** Number of characters in a tree's texts. */
export function treeSize(tree: TreeTexts): number {
  return parts.reduce((sum, part) => sum + tree[part].length, 0);
}

type DifferenceArray = [head: number, middle: string, tail: number];

const toArray = ({ head, middle, tail }: Difference): DifferenceArray => [head, middle, tail];

function changed(base: TreeTexts, xmlHash: string, differences: DifferenceArray[]): TreeTexts {
  const [xmlJson, mountedTaskIdsJson, taskIndexJson] = parts.map((part, index) => {
    const [head, middle, tail] = differences[index]!;
    return applyDifference(base[part], { head, middle, tail });
  }) as [string, string, string];
  return { xmlHash, xmlJson, mountedTaskIdsJson, taskIndexJson };
}

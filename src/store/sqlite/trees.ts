import type { Driver } from "../../runtime/index.ts";
import type { Tree, TreeTexts } from "../turn.ts";
import { applyDifference, type Difference, differenceOf } from "./text-difference.ts";

/** Maximum number of trees to read for one that is stored as a chain of differences. */
const maxDepth = 50;

const parts = ["xmlJson", "mountedTaskIdsJson", "taskIndexJson"] as const;

interface TreeRow {
  readonly xmlHash: string;
  readonly baseNo: number | null;
  /** The texts, or their differences from those of the base tree, as JSON. */
  readonly json: string;
}

/**
 * Stores a tree, once for all frames that show it. A tree that differs little from `before` is stored as a difference;
 * otherwise a run whose tree grows task by task would store every tree whole.
 * @returns the tree's number, for frames to refer to
 */
export function keepTree(driver: Driver, tree: Tree, before: Tree | undefined): number {
  const known = driver.get<{ treeNo: number }>(
    "UPDATE _smithers_tree_uses SET uses = uses + 1 WHERE tree_hash = ? RETURNING tree_no AS treeNo",
    tree.treeHash,
  );
  if (known) return known.treeNo;
  const base = before && findBase(driver, before.treeHash);
  const whole = JSON.stringify(parts.map((part) => tree[part]));
  const short = base && JSON.stringify(parts.map((part) => toArray(differenceOf(before[part], tree[part]))));
  const isShort = short !== undefined && short.length < whole.length / 2;
  const { treeNo } = driver.get<{ treeNo: number }>(
    "INSERT INTO _smithers_trees (xml_hash, base_no, json) VALUES (?, ?, ?) RETURNING tree_no AS treeNo",
    tree.xmlHash,
    isShort ? base!.treeNo : null,
    isShort ? short : whole,
  )!;
  driver.run(
    "INSERT INTO _smithers_tree_uses (tree_no, tree_hash, depth, uses) VALUES (?, ?, ?, 1)",
    treeNo,
    tree.treeHash,
    isShort ? base!.depth + 1 : 0,
  );
  if (isShort) driver.run("UPDATE _smithers_tree_uses SET uses = uses + 1 WHERE tree_no = ?", base!.treeNo);
  return treeNo;
}

function findBase(driver: Driver, treeHash: string): { treeNo: number; depth: number } | undefined {
  return driver.get(
    "SELECT tree_no AS treeNo, depth FROM _smithers_tree_uses WHERE tree_hash = ? AND depth < ?",
    treeHash,
    maxDepth,
  );
}

/** Reads trees by number. Frames share trees, and trees build on one another, so each tree is read only once. */
export class TreeReader {
  readonly #driver: Driver;
  readonly #known = new Map<number, TreeTexts>();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  read(treeNo: number): TreeTexts {
    const differences: [number, TreeRow][] = [];
    let tree = this.#known.get(treeNo);
    for (let no = treeNo; tree === undefined; ) {
      const row = this.#row(no);
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

  #row(treeNo: number): TreeRow {
    const sql = "SELECT xml_hash AS xmlHash, base_no AS baseNo, json FROM _smithers_trees WHERE tree_no = ?";
    return this.#driver.get<TreeRow>(sql, treeNo)!;
  }
}

/** Decrements a tree's reference count. At zero, deletes the tree, and the trees that only it builds on. */
export function releaseTree(driver: Driver, treeNo: number, uses: number): void {
  let [no, count]: [number | null, number] = [treeNo, uses];
  while (no !== null) {
    driver.run("UPDATE _smithers_tree_uses SET uses = uses - ? WHERE tree_no = ?", count, no);
    if (driver.run("DELETE FROM _smithers_tree_uses WHERE tree_no = ? AND uses = 0", no) === 0) return;
    const sql = "DELETE FROM _smithers_trees WHERE tree_no = ? RETURNING base_no AS baseNo";
    [no, count] = [driver.get<{ baseNo: number | null }>(sql, no)!.baseNo, 1];
  }
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

import type { Driver } from "../../runtime/index.ts";
import { maxTreeDepth, TreeReader, type TreeRow, wholeTree } from "../stored-trees.ts";
import type { FrameRecord } from "../turn.ts";
import { oneRow } from "./one-row.ts";

/**
 * Stores a tree, once for all frames that show it. A tree that differs little from the one before is stored as a
 * difference; otherwise a run whose tree grows task by task would store every tree whole.
 * @returns the tree's number, for frames to refer to
 */
export function keepTree(driver: Driver, { tree, difference }: FrameRecord): number {
  const known = driver.get<{ treeNo: number }>(
    "UPDATE _smithers_tree_uses SET uses = uses + 1 WHERE tree_hash = ? RETURNING tree_no AS treeNo",
    tree.treeHash,
  );
  if (known) return known.treeNo;
  const base = difference && findBase(driver, difference.baseHash);
  const { treeNo } = oneRow<{ treeNo: number }>(
    driver,
    "INSERT INTO _smithers_trees (xml_hash, base_no, json) VALUES (?, ?, ?) RETURNING tree_no AS treeNo",
    tree.xmlHash,
    base?.treeNo ?? null,
    base ? difference.json : wholeTree(tree),
  );
  driver.run(
    "INSERT INTO _smithers_tree_uses (tree_no, tree_hash, depth, uses) VALUES (?, ?, ?, 1)",
    treeNo,
    tree.treeHash,
    base ? base.depth + 1 : 0,
  );
  if (base) driver.run("UPDATE _smithers_tree_uses SET uses = uses + 1 WHERE tree_no = ?", base.treeNo);
  return treeNo;
}

function findBase(driver: Driver, treeHash: string): { treeNo: number; depth: number } | undefined {
  return driver.get(
    "SELECT tree_no AS treeNo, depth FROM _smithers_tree_uses WHERE tree_hash = ? AND depth < ?",
    treeHash,
    maxTreeDepth,
  );
}

/** Reads the trees of a database. */
export function treeReader(driver: Driver): TreeReader {
  const sql = "SELECT xml_hash AS xmlHash, base_no AS baseNo, json FROM _smithers_trees WHERE tree_no = ?";
  return new TreeReader((treeNo) => oneRow<TreeRow>(driver, sql, treeNo));
}

/** Decrements a tree's reference count. At zero, deletes the tree, and the trees that only it builds on. */
export function releaseTree(driver: Driver, treeNo: number, uses: number): void {
  let [no, count]: [number | null, number] = [treeNo, uses];
  while (no !== null) {
    driver.run("UPDATE _smithers_tree_uses SET uses = uses - ? WHERE tree_no = ?", count, no);
    if (driver.run("DELETE FROM _smithers_tree_uses WHERE tree_no = ? AND uses = 0", no) === 0) return;
    const sql = "DELETE FROM _smithers_trees WHERE tree_no = ? RETURNING base_no AS baseNo";
    [no, count] = [oneRow<{ baseNo: number | null }>(driver, sql, no).baseNo, 1];
  }
}

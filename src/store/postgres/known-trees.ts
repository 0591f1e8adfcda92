import { maxTreeDepth } from "../stored-trees.ts";

const keptTrees = 2_000;

/**
 * The trees that the database is known to have, with the number of trees that each builds on. What this store has not
 * written itself is sent once too often; what was pruned meanwhile is sent again when the database asks for it.
 */
export class KnownTrees {
  readonly #depths = new Map<string, number>();

  has(treeHash: string): boolean {
    return this.#depths.has(treeHash);
  }

  canBuildOn(treeHash: string): boolean {
    const depth = this.#depths.get(treeHash);
    return depth !== undefined && depth < maxTreeDepth - 1;
  }

  /** Notes a tree that was written; `baseHash` names the tree that it may build on. */
  stored(treeHash: string, baseHash: string | undefined): void {
    const known = this.#depths.get(treeHash);
    const baseDepth = baseHash === undefined ? undefined : this.#depths.get(baseHash);
    // Its place in the map says when it was last used.
    this.#depths.delete(treeHash);
    this.#depths.set(treeHash, known ?? (baseDepth === undefined ? 0 : (baseDepth + 1) % maxTreeDepth));
    if (this.#depths.size <= keptTrees) return;
    const [oldest] = this.#depths.keys();
    this.#depths.delete(oldest!);
  }
}

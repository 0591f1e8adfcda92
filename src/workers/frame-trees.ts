import { type FrameRecord, type TreeTexts, treeFrom, treeSize } from "../store/index.ts";

/** Smaller trees, in characters, are sent whole. */
const largeTree = 4_096;
/** Length of the trees that are kept for one worker, in characters. */
const keptLength = 4_194_304;

const noTexts = { xmlJson: "", mountedTaskIdsJson: "", taskIndexJson: "" };

/** A frame on its way to its store: a large tree that differs little from the one before travels as the difference. */
export function withoutTree(frame: FrameRecord): FrameRecord {
  if (!frame.difference || treeSize(frame.tree) < largeTree) return frame;
  return { ...frame, tree: { ...frame.tree, ...noTexts } };
}

/** The last large trees of frames that a worker has sent, from which those of the next ones are made. */
export class FrameTrees {
  /** By `treeHash`, the ones used last at the end. */
  readonly #trees = new Map<string, TreeTexts>();
  #length = 0;

  /** The frame with its tree; undefined when the tree that it differs from is not kept any more. */
  whole(frame: FrameRecord): FrameRecord | undefined {
    const { tree, difference } = frame;
    const isLeftOut = tree.xmlJson === "" && difference !== undefined;
    const base = isLeftOut ? this.#trees.get(difference.baseHash) : undefined;
    if (isLeftOut && !base) return undefined;
    const texts = base && difference ? treeFrom(base, tree.xmlHash, difference) : tree;
    this.#keep(tree.treeHash, texts);
    return base ? { ...frame, tree: { ...texts, treeHash: tree.treeHash } } : frame;
  }

  #keep(treeHash: string, texts: TreeTexts): void {
    if (treeSize(texts) < largeTree) return;
    this.#delete(treeHash);
    this.#trees.set(treeHash, texts);
    this.#length += treeSize(texts);
    for (const oldest of this.#trees.keys()) {
      if (this.#length <= keptLength) return;
      this.#delete(oldest);
    }
  }

  #delete(treeHash: string): void {
    const known = this.#trees.get(treeHash);
    if (known && this.#trees.delete(treeHash)) this.#length -= treeSize(known);
  }
}

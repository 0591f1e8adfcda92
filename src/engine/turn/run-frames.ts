import type { HostElement } from "../../jsx/index.ts";
import type { Plan } from "../../plan/index.ts";
import { differenceFrom, type Tree } from "../../store/index.ts";
import { stopwatch } from "../../timing/index.ts";
import type { TurnDraft } from "./draft.ts";
import { FrameTexts } from "./frame-texts.ts";

/** How long after the last frame a tree may wait for the next one, in ms. */
const maxHeldMs = 1_000;

/** The frames of one run: which tree is stored, and which is still to be. */
export class RunFrames {
  /** The hash of the tree in the frame that the run had when it was taken over. */
  readonly #loadedTreeHash: string | undefined;
  /** The tree in the last frame that was added to a turn. */
  #tree: Tree | undefined;
  /** The tree in the last frame that is stored, unless another process has stored it. */
  #storedTree: Tree | undefined;
  /** A mounted tree that has no frame yet. */
  #shown: HostElement | undefined;
  #sinceFrameMs = stopwatch();
  readonly #texts = new FrameTexts();

  /** @param loadedTreeHash the hash of the tree that the run's last stored frame shows; undefined when it has no frame */
  constructor(loadedTreeHash: string | undefined) {
    this.#loadedTreeHash = loadedTreeHash;
  }

  /** A turn begins, and the one before it is committed. */
  beginTurn(): void {
    this.#storedTree = this.#tree;
  }

  /** All nodes of a tree are mounted. */
  show(root: HostElement): void {
    this.#shown = root;
  }

  /** Forgets a tree that has no frame yet. */
  forget(): void {
    this.#shown = undefined;
  }

  /** Whether a tree may wait for the next turn's: while only literals lie between, several become one frame. */
  get mayWait(): boolean {
    return this.#tree !== undefined && this.#sinceFrameMs() < maxHeldMs;
  }

  /** Adds the frame of the last tree that is mounted to a turn, if it differs from the last frame's. */
  addTo(draft: TurnDraft, plan: Plan): void {
    if (!this.#shown) return;
    const tree = this.#texts.treeOf(this.#shown, plan);
    this.#shown = undefined;
    if (tree.treeHash === (this.#tree?.treeHash ?? this.#loadedTreeHash)) return;
    this.#tree = tree;
    this.#sinceFrameMs = stopwatch();
    const frameNo = draft.runState.run.frameNo + 1;
    draft.frame = { frameNo, tree, difference: this.#storedTree && differenceFrom(this.#storedTree, tree) };
    draft.changeRun({ frameNo });
  }
}

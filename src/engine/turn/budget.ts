import { stopwatch } from "../../timing/index.ts";

/** Changes that one turn commits at most: a transaction of more would hold up the event loop. */
const maxChanges = 500;
/** A turn ends after this time once it has made some changes, in ms; the event loop is then given to others. */
const usualMs = 10;
const someChanges = 256;
/** A turn ends after this time with its next change, in ms. */
const longestMs = 40;

/** Bounds the work of one turn. What is left over is done in the next turn. */
export class TurnBudget {
  readonly #elapsedMs = stopwatch();
  #changes = 0;

  get elapsedMs(): number {
    return this.#elapsedMs();
  }

  /** Notes changes, such as a node that is mounted or started. */
  spend(changes = 1): void {
    this.#changes += changes;
  }

  get changes(): number {
    return this.#changes;
  }

  get leftChanges(): number {
    return Math.max(maxChanges - this.#changes, 0);
  }

  /** Whether the turn must end with what it has done. */
  get isSpent(): boolean {
    if (this.#changes === 0) return false;
    if (this.#changes >= maxChanges) return true;
    const elapsedMs = this.#elapsedMs();
    return elapsedMs > (this.#changes >= someChanges ? usualMs : longestMs);
  }
}

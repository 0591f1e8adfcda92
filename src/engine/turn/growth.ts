import { SmithersError } from "../../errors/index.ts";
import type { Plan } from "../../plan/index.ts";

/** Frames in a row that may mount new nodes although nothing has arrived from outside: literals alone cause them. */
const maxIdleFrames = 1_000;
/** The limit when the frames take long. */
const maxSlowIdleFrames = 100;
const slowMs = 10_000;
/** Frames in a row that may mount new nodes. */
const maxFrames = 10_000;
/** Ids that a message names. */
const maxNamed = 3;

/** Recognises a tree that grows without end: one that mounts new nodes at each rendering. Nodes in loops do not count. */
export class Growth {
  #frames = 0;
  #idleFrames = 0;
  #idleMs = 0;
  #first: readonly string[] = [];

  /** Something has arrived from outside since the last frame, such as the result of an attempt. */
  noteArrival(): void {
    this.#idleFrames = 0;
    this.#idleMs = 0;
  }

  /** Adds to the time that frames have taken since the last arrival, in ms. */
  noteWork(ms: number): void {
    this.#idleMs += ms;
  }

  /**
   * Notes a frame that is not the first one.
   * @param mounted ids of nodes that it mounts for the first time
   * @returns whether the frame's ids should be checked with {@link checkStable}
   * @throws RENDER_LOOP with the ids that grow
   */
  noteFrame(mounted: readonly string[]): boolean {
    if (mounted.length === 0) {
      this.#frames = 0;
      this.noteArrival();
      return false;
    }
    this.#frames += 1;
    this.#idleFrames += 1;
    if (this.#first.length < maxNamed) this.#first = [...this.#first, ...mounted].slice(0, maxNamed);
    const isSlow = this.#idleFrames > maxSlowIdleFrames && this.#idleMs > slowMs;
    if (this.#frames > maxFrames || this.#idleFrames > maxIdleFrames || isSlow) throw this.#endless(mounted);
    // At first often: the ids of a counter are found before many tasks have run.
    return Number.isInteger(Math.log2(this.#frames));
  }

  #endless(mounted: readonly string[]): SmithersError {
    const ids = `${quoted(this.#first)}, … ${quoted(mounted.slice(-1))}`;
    return new SmithersError(
      "RENDER_LOOP",
      `The workflow has mounted new nodes at each of ${this.#frames} renderings in a row: ${ids}.`,
      { details: { first: this.#first, last: mounted.slice(-maxNamed) } },
    );
  }
}

/**
 * Compares two renderings of the same state.
 * @throws RENDER_LOOP with the ids that differ
 */
export function checkStable(before: Plan, after: Plan): void {
  const gone = [...before.byId.keys()].filter((id) => !after.byId.has(id));
  const added = [...after.byId.keys()].filter((id) => !before.byId.has(id));
  if (gone.length + added.length === 0) return;
  const [was, is] = [gone.slice(0, maxNamed), added.slice(0, maxNamed)];
  throw new SmithersError(
    "RENDER_LOOP",
    `Two renderings of the same state differ: ${difference(was, is)}. Do not make ids from a counter, a random number or the clock.`,
    { details: { before: was, after: is } },
  );
}

function difference(was: readonly string[], is: readonly string[]): string {
  if (was.length === 0) return `the second one adds ${quoted(is)}`;
  if (is.length === 0) return `the second one leaves out ${quoted(was)}`;
  return `${quoted(was)} became ${quoted(is)}`;
}

function quoted(ids: readonly string[]): string {
  return ids.map((id) => `"${id}"`).join(", ");
}

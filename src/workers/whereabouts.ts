import type { Board, WorkPlace } from "./board.ts";

/** Keeps on a worker's board whose code it is in. */
export class Whereabouts {
  readonly #board: Board;
  readonly #stack: WorkPlace[] = [];
  readonly #open = new Set<WorkPlace>();

  constructor(board: Board) {
    this.#board = board;
  }

  /** Calls code of a place. What it returns may be a promise: until that settles, the place counts as open. */
  within<T>(place: WorkPlace, code: () => T): T {
    this.#stack.push(place);
    this.#board.setNow(place);
    let result: T;
    try {
      result = code();
    } finally {
      this.#stack.pop();
      this.#board.setNow(this.#stack.at(-1));
    }
    if (result instanceof Promise) this.#follow(place, result);
    return result;
  }

  #follow(place: WorkPlace, work: Promise<unknown>): void {
    this.#open.add(place);
    this.#board.setOpen(this.#open);
    const end = () => {
      this.#open.delete(place);
      this.#board.setOpen(this.#open);
    };
    work.then(end, end);
  }
}

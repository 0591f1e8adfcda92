import type { Board, WorkPlace } from "./board.ts";
import { BuiltIns } from "./built-ins.ts";

const endProcess = process.kill.bind(process, process.pid, "SIGKILL");

/** Keeps on a worker's board whose code it is in, and ends the worker when that has broken what all code relies on. */
export class Whereabouts {
  readonly #board: Board;
  readonly #builtIns = new BuiltIns();
  readonly #stack: WorkPlace[] = [];
  readonly #open = new Set<WorkPlace>();

  constructor(board: Board) {
    this.#board = board;
  }

  /** Calls code of a place. What it returns may be a promise: until that settles, the place counts as open. */
  within<T>(place: WorkPlace, code: () => T): T {
    this.#check();
    this.#stack.push(place);
    this.#board.setNow(place);
    let result: T;
    try {
      result = code();
    } finally {
      this.#check();
      this.#stack.pop();
      this.#board.setNow(this.#stack.at(-1));
    }
    if (result instanceof Promise) this.#follow(place, result);
    return result;
  }

  /** Looks for built-ins that no longer work, also those that are noticed only from one turn of the event loop to another. */
  checkInTurn(): void {
    this.#endIfBroken(this.#builtIns.brokenInTurns());
  }

  /**
   * Before and after each piece of code: what is broken between the two was broken by this piece, which the board names,
   * and nothing of the engine has run with it.
   */
  #check(): void {
    this.#endIfBroken(this.#builtIns.broken());
  }

  #endIfBroken(index: number): void {
    if (index < 0) return;
    try {
      this.#board.setBroken(index);
      endProcess();
    } catch {
      // What ends a process is broken, too.
    }
    // The server reads the board, and ends this process.
    for (;;);
  }

  #follow(place: WorkPlace, work: Promise<unknown>): void {
    this.#open.add(place);
    this.#board.setOpen(this.#open);
    const end = () => {
      this.#check();
      this.#open.delete(place);
      this.#board.setOpen(this.#open);
    };
    work.then(end, end);
  }
}

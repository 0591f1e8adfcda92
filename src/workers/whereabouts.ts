import { BuiltIns } from "../engine/index.ts";
import { type Board, textOfPlace, type WorkPlace } from "./board.ts";

const endProcess = process.kill.bind(process, process.pid, "SIGKILL");

/** Keeps on a worker's board whose code it is in, and ends the worker when that has broken what all code relies on. */
export class Whereabouts {
  readonly #board: Board;
  readonly #builtIns = new BuiltIns();
  /** The places whose code has been called and has not returned, the innermost one last. */
  readonly #stack: string[] = [];

  constructor(board: Board) {
    this.#board = board;
  }

  /** Calls code of a place. What it returns may be a promise: until that settles, the place counts as open. */
  within<T>(place: WorkPlace, code: () => T): T {
    this.#check();
    const text = textOfPlace(place);
    this.#stack.push(text);
    this.#board.setNow(text);
    let result: T;
    try {
      result = code();
    } finally {
      this.#check();
      this.#stack.pop();
      this.#board.setNow(this.#stack.at(-1) ?? "");
    }
    if (result instanceof Promise) this.#follow(text, result);
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

  #follow(text: string, work: Promise<unknown>): void {
    const open = this.#board.addOpen(text);
    const end = () => {
      this.#check();
      this.#board.removeOpen(open);
    };
    work.then(end, end);
  }
}

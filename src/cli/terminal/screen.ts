import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { runtime } from "../../runtime/index.ts";
import { printable } from "../../text/printable.ts";
import { cut } from "./table.ts";

/** Lines at the bottom of a terminal that are redrawn, below the text that is printed permanently. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #drawn: readonly string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Usable columns. One stays free, because a full line moves the cursor to the next line in some terminals. */
  get columns(): number {
    return Math.max((this.#stream.columns || 80) - 1, 1);
  }

  get rows(): number {
    return Math.max((this.#stream.rows || 24) - 1, 1);
  }

  draw(lines: readonly string[]): void {
    const shown = lines.map((line) => cut(printable(line), this.columns));
    this.#stream.cork();
    this.#erase();
    if (shown.length > 0) this.#stream.write(`${shown.join("\n")}\n`);
    this.#stream.uncork();
    this.#drawn = shown;
  }

  /** Prints lines that stay, above the redrawn ones. */
  print(text: string): void {
    const drawn = this.#drawn;
    this.#stream.cork();
    this.#erase();
    this.#stream.write(`${printable(text)}\n`);
    this.#drawn = [];
    this.draw(drawn);
    this.#stream.uncork();
  }

  /** Leaves the drawn lines on the screen. */
  release(): void {
    this.#drawn = [];
  }

  #erase(): void {
    // A terminal that became narrower has wrapped long lines.
    const width = this.columns + 1;
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(runtime.displayWidth(line) / width)), 0);
    if (rows === 0) return;
    moveCursor(this.#stream, 0, -rows);
    cursorTo(this.#stream, 0);
    clearScreenDown(this.#stream);
  }
}

import { styleText } from "node:util";
import { printable } from "../../text/printable.ts";
import type { WriteResult } from "./result-format.ts";
import type { Column } from "./table.ts";

type Style = Parameters<typeof styleText>[0];

/** Output of a command: results on stdout, notes for a person on stderr. */
export class TerminalOutput {
  readonly #write: WriteResult | undefined;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #needsDrain = false;

  /** @param write how results are written for a program; undefined to print for a person */
  constructor(write: WriteResult | undefined, stdout = process.stdout, stderr = process.stderr) {
    this.#write = write;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether results are printed for a program, by {@link json}. */
  get isJson(): boolean {
    return this.#write !== undefined;
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Columns of the terminal; infinite in a pipe. */
  get width(): number {
    // A pseudo-terminal without a size reports 0 columns.
    return this.isTerminal ? this.#stdout.columns || 80 : Number.POSITIVE_INFINITY;
  }

  /** Lets the command continue after its reader is gone. */
  surviveClosedPipe(): void {
    for (const stream of [this.#stdout, this.#stderr]) stream.removeAllListeners("error").on("error", () => {});
  }

  /** Prints a line of the result. */
  line(text = ""): void {
    this.#needsDrain = !this.#stdout.write(`${printable(text)}\n`);
  }

  /** Clears the terminal's screen. */
  clear(): void {
    this.#stdout.write("\u001b[2J\u001b[H");
  }

  /** Waits until the reader has caught up; call it before each of many lines. */
  async room(): Promise<void> {
    if (this.#needsDrain) await new Promise((resolve) => this.#stdout.once("drain", () => resolve(undefined)));
    this.#needsDrain = false;
  }

  /** Prints the result for a program: with `--json` or `--format`, the only output on stdout. */
  json(value: unknown): void {
    this.line(this.#write?.(value));
  }

  /** Prints rows as a table that fits the terminal. */
  async table(columns: readonly Column[], rows: readonly Record<string, string>[]): Promise<void> {
    const { renderTable } = await import("./table.ts");
    const head = (text: string) => this.style("bold", text);
    for (const line of renderTable(columns, rows, this.width, head)) this.line(line);
  }

  /** Prints a note for a person on stderr. */
  say(text: string): void {
    this.#stderr.write(`${printable(text)}\n`);
  }

  /** Colours a text for stdout; a pipe or NO_COLOR gets plain text. */
  readonly style = (style: Style, text: string): string => styleText(style, text, { stream: this.#stdout });

  /** Colours a text for stderr. */
  readonly styleNote = (style: Style, text: string): string => styleText(style, text, { stream: this.#stderr });

  /** Resolves once everything is written. */
  async flush(): Promise<void> {
    for (const stream of [this.#stdout, this.#stderr]) {
      await new Promise<void>((resolve) => stream.write("", () => resolve()));
    }
  }
}

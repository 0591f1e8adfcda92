import { stripVTControlCharacters, styleText } from "node:util";
import type { Column } from "./table.ts";

type Style = Parameters<typeof styleText>[0];

/** Where a command prints: its result on stdout, what is said beside it on stderr. */
export class TerminalOutput {
  /** Whether results are printed as JSON. */
  readonly isJson: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #needsDrain = false;

  constructor(isJson: boolean, stdout = process.stdout, stderr = process.stderr) {
    this.isJson = isJson;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Columns of the terminal; no limit in a pipe. */
  get width(): number {
    // A pseudo-terminal that was told no size says 0.
    return this.isTerminal ? this.#stdout.columns || 80 : Number.POSITIVE_INFINITY;
  }

  /** Goes on without a reader when the one that there was has gone. */
  surviveClosedPipe(): void {
    for (const stream of [this.#stdout, this.#stderr]) stream.removeAllListeners("error").on("error", () => {});
  }

  /** A line of the result. */
  line(text = ""): void {
    this.#needsDrain = !this.#stdout.write(`${text}\n`);
  }

  /** Empties the terminal's screen, to write it anew. */
  clear(): void {
    this.#stdout.write("\u001b[2J\u001b[H");
  }

  /** Waits while whoever reads has no room: before each of many lines. */
  async room(): Promise<void> {
    if (this.#needsDrain) await new Promise((resolve) => this.#stdout.once("drain", () => resolve(undefined)));
    this.#needsDrain = false;
  }

  /** The result as JSON: with `--json`, the only thing on stdout. */
  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }

  /** Rows as a table that fits the terminal. */
  async table(columns: readonly Column[], rows: readonly Record<string, string>[]): Promise<void> {
    const { renderTable } = await import("./table.ts");
    const head = (text: string) => this.style("bold", text);
    for (const line of renderTable(columns, rows, this.width, head)) this.line(line);
  }

  /** What is said to a person beside the result. */
  say(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** Colours a text for stdout; NO_COLOR and pipes get it plain. */
  readonly style = (style: Style, text: string): string => styleText(style, text, { stream: this.#stdout });

  /** Colours a text for stderr. */
  readonly styleSaid = (style: Style, text: string): string => styleText(style, text, { stream: this.#stderr });

  /** Resolves once everything is written. */
  async flush(): Promise<void> {
    for (const stream of [this.#stdout, this.#stderr]) {
      await new Promise<void>((resolve) => stream.write("", () => resolve()));
    }
  }
}

/** A text from outside in one line, without what a terminal would take for a command. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

/** A text from outside with its lines, without what a terminal would take for a command. */
export function manyLines(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replace(/[^\P{Cc}\n\t]+/gu, " ");
}

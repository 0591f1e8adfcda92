import type { CommittedEvent } from "../../model/index.ts";
import type { Store } from "../../store/index.ts";
import { captureConsole, terminalMethods } from "../terminal/console.ts";
import { eventLine } from "../terminal/event-line.ts";
import type { TerminalOutput } from "../terminal/output.ts";
import { fitToRows, runTreeLines } from "../terminal/run-tree.ts";
import { Screen } from "../terminal/screen.ts";

/** Shows a run's progress to a person, on stderr. */
export interface ProgressDisplay {
  /** Called when events of the run were committed. */
  take(events: readonly CommittedEvent[]): void;
  /** Prints a text that stays, next to the progress. */
  say(text: string): void;
  /** Draws the final state, which stays on the screen; the next `take` starts a new display. */
  settle(): Promise<void>;
  /** Draws the final state, and shows another run from now on. */
  moveTo(runId: string): Promise<void>;
}

/** A live tree on a terminal, lines elsewhere; nothing of what happens when it is quiet. */
export function progressOf(out: TerminalOutput, store: Store, runId: string, isQuiet: boolean): ProgressDisplay {
  if (isQuiet) return { take() {}, say: (text) => out.say(text), async settle() {}, async moveTo() {} };
  return process.stderr.isTTY ? new LiveTree(out, store, runId) : new Lines(out);
}

class Lines implements ProgressDisplay {
  readonly #out: TerminalOutput;

  constructor(out: TerminalOutput) {
    this.#out = out;
  }

  take(events: readonly CommittedEvent[]): void {
    for (const { event } of events) {
      const line = eventLine(event, (style, text) => this.#out.styleNote(style, text));
      if (line !== undefined) this.#out.say(line);
    }
  }

  say(text: string): void {
    this.#out.say(text);
  }

  async settle(): Promise<void> {}

  async moveTo(): Promise<void> {}
}

/** Minimum time between two drawings; the eye sees no more. */
const minPauseMs = 60;
/** Time between drawings that only update durations. */
const tickMs = 500;

class LiveTree implements ProgressDisplay {
  readonly #out: TerminalOutput;
  readonly #store: Store;
  #runId: string;
  readonly #screen = new Screen(process.stderr);
  #tick: ReturnType<typeof setInterval> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;
  #drawing = Promise.resolve();
  #releaseConsole = () => {};

  constructor(out: TerminalOutput, store: Store, runId: string) {
    this.#out = out;
    this.#store = store;
    this.#runId = runId;
  }

  take(): void {
    if (this.#tick === undefined) {
      this.#tick = setInterval(() => this.#draw(), tickMs);
      process.stderr.on("resize", this.#redraw);
      this.#releaseConsole = captureConsole(terminalMethods(), (text) => this.#screen.print(text));
    }
    this.#due ??= setTimeout(() => this.#draw(), minPauseMs);
  }

  say(text: string): void {
    this.#screen.print(text);
  }

  async settle(): Promise<void> {
    clearInterval(this.#tick);
    clearTimeout(this.#due);
    process.stderr.off("resize", this.#redraw);
    this.#releaseConsole();
    this.#tick = undefined;
    this.#due = undefined;
    await this.#drawing;
    await this.#drawNow(Number.POSITIVE_INFINITY);
    this.#screen.release();
  }

  async moveTo(runId: string): Promise<void> {
    await this.settle();
    this.#runId = runId;
  }

  readonly #redraw = () => this.#draw();

  #draw(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#drawing = this.#drawing.then(() => this.#drawNow(this.#screen.rows));
  }

  async #drawNow(rows: number): Promise<void> {
    const nodes = await this.#store.nodesOf(this.#runId).catch(() => undefined);
    if (nodes) this.#screen.draw(fitToRows(runTreeLines(this.#out, nodes, Date.now()), rows));
  }
}

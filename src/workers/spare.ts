import type { Logger } from "../engine/index.ts";

interface SpareParts {
  readonly log: Logger;
  /** Whether no worker is free for another file, although there may be one more. */
  isMissing(): boolean;
  /** @throws when no process can be started */
  add(): void;
}

/**
 * The next spare is started when the worker that was the spare before has had the processor for itself for a while: a
 * start costs as much processor time as many short runs, and is wasted where no other file is used soon.
 */
const delayMs = 2_000;

/** Keeps a worker ready that serves no file yet, so that the first run of another file need not wait for its start. */
export class Spare {
  readonly #parts: SpareParts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether no run has asked for a worker yet. */
  #isFirst = true;
  #hasBegun = false;

  constructor(parts: SpareParts) {
    this.#parts = parts;
  }

  /** Starts the first worker in the next turn of the event loop; from now on there is a spare. */
  begin(): void {
    this.#hasBegun = true;
    this.#addAfter(this.#isFirst ? 0 : delayMs);
  }

  /** Starts another worker after a while, if none is free then. */
  keep(): void {
    // The first run has started the first worker itself.
    if (this.#isFirst) this.#clear();
    this.#isFirst = false;
    if (this.#hasBegun) this.#addAfter(delayMs);
  }

  stop(): void {
    this.#hasBegun = false;
    this.#clear();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #addAfter(ms: number): void {
    const { log, isMissing, add } = this.#parts;
    if (!isMissing()) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!isMissing()) return;
      try {
        add();
      } catch (error) {
        log.warn({ err: error }, "No worker process can be started now.");
      }
    }, ms);
    this.#timer.unref();
  }
}

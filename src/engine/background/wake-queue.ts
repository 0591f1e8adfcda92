import type { RunToWake } from "../../store/index.ts";
import { afterMs } from "../../timing/index.ts";

/** How many wakes run at once, in all and of one file. */
const atOnce = 32;
const atOnceOfFile = 16;
/** A wake that takes longer waits for something, such as a file that hangs while it is imported: others continue. */
const slowMs = 500;

/** The runs of one workflow file that are to be woken. */
class Lane {
  /** In the order of their arrival, from `first` on. */
  readonly #runs: RunToWake[] = [];
  #first = 0;
  #takesNewest = true;
  waking = 0;
  /** Whether the last wake of the file has succeeded. Until then only one is tried at a time. */
  isProven = false;

  get size(): number {
    return this.#runs.length - this.#first;
  }

  get isReady(): boolean {
    return this.size > 0 && this.waking < (this.isProven ? atOnceOfFile : 1);
  }

  add(run: RunToWake): void {
    this.#runs.push(run);
  }

  /** The newest and the oldest by turns: a timer that has just become due does not wait for thousands before it. */
  take(): RunToWake {
    this.#takesNewest = !this.#takesNewest;
    if (!this.#takesNewest) return this.#runs.pop()!;
    const run = this.#runs[this.#first]!;
    this.#first += 1;
    if (this.#first > 1_000) {
      this.#runs.splice(0, this.#first);
      this.#first = 0;
    }
    return run;
  }
}

/**
 * Wakes runs, several at once, each workflow file in its turn: a file that hangs, or that has thousands of due runs,
 * delays no other.
 */
export class WakeQueue {
  readonly #wake: (run: RunToWake) => Promise<boolean>;
  readonly #lanes = new Map<string, Lane>();
  readonly #queued = new Set<string>();
  readonly #waking = new Set<string>();
  /** Runs that were added while they were being woken. */
  readonly #again = new Map<string, RunToWake>();
  /** How many wakes are running that are not slow. */
  #quick = 0;
  #stopped = false;

  /** @param wake wakes one run and tells whether that succeeded. Never rejects */
  constructor(wake: (run: RunToWake) => Promise<boolean>) {
    this.#wake = wake;
  }

  /** Adds a run, unless it waits already. */
  add(run: RunToWake): void {
    const { runId, workflowPath } = run;
    if (this.#stopped || this.#queued.has(runId)) return;
    if (this.#waking.has(runId)) return void this.#again.set(runId, run);
    const file = workflowPath ?? "";
    const lane = this.#lanes.get(file) ?? new Lane();
    this.#lanes.set(file, lane);
    this.#queued.add(runId);
    lane.add(run);
    this.#go();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Begins as many wakes as there may be. */
  #go(): void {
    while (!this.#stopped && this.#quick < atOnce) {
      const next = [...this.#lanes].find(([, lane]) => lane.isReady);
      if (!next) return;
      const [file, lane] = next;
      // To the end: the other files come first then.
      this.#lanes.delete(file);
      this.#lanes.set(file, lane);
      void this.#begin(file, lane);
    }
  }

  async #begin(file: string, lane: Lane): Promise<void> {
    const run = lane.take();
    const { runId } = run;
    this.#queued.delete(runId);
    this.#waking.add(runId);
    lane.waking += 1;
    this.#quick += 1;
    let isQuick = true;
    const leave = () => {
      if (!isQuick) return;
      isQuick = false;
      this.#quick -= 1;
    };
    const cancelSlow = afterMs(slowMs, () => {
      leave();
      this.#go();
    });
    lane.isProven = await this.#wake(run);
    cancelSlow();
    leave();
    lane.waking -= 1;
    this.#waking.delete(runId);
    if (lane.size === 0 && lane.waking === 0) this.#lanes.delete(file);
    const again = this.#again.get(runId);
    this.#again.delete(runId);
    if (again) this.add(again);
    this.#go();
  }
}

import { maxTimerMs } from "../../timing/long-timer.ts";

/** Says when an execution takes its next turn: as soon as something asks for one, or at a set time. */
export class TurnTrigger {
  #isPulled = false;
  #resolve: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks for a turn. */
  pull(): void {
    this.#isPulled = true;
    this.#resolve();
  }

  /** Asks for a turn at `atMs` instead of at the time that was set before; null sets none. */
  pullAt(atMs: number | null, nowMs: number): void {
    clearTimeout(this.#timer);
    if (atMs === null) return;
    // A turn that comes too early sets the time again.
    this.#timer = setTimeout(() => this.pull(), Math.min(Math.max(atMs - nowMs, 0), maxTimerMs));
  }

  /** Forgets what was asked for before: the turn that begins now serves it. */
  reset(): void {
    this.#isPulled = false;
  }

  /** Resolves once a turn has been asked for since the last reset. */
  async pulled(): Promise<void> {
    if (!this.#isPulled) await new Promise<void>((resolve) => (this.#resolve = resolve));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

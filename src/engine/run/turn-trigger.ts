import { afterMs } from "../../timing/index.ts";

/** Says when an execution takes its next turn: as soon as something asks for one, or at a set time. */
export class TurnTrigger {
  #isPulled = false;
  #resolve: () => void = () => {};
  #cancelTimer = () => {};

  /** Asks for a turn. */
  pull(): void {
    this.#isPulled = true;
    this.#resolve();
  }

  /** Asks for a turn at `atMs` instead of at the time that was set before; null sets none. */
  pullAt(atMs: number | null, nowMs: number): void {
    this.#cancelTimer();
    if (atMs === null) return;
    this.#cancelTimer = afterMs(atMs - nowMs, () => this.pull());
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
    this.#cancelTimer();
  }
}

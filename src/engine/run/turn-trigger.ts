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

  /** Asks for a turn in `delayMs` instead of at the time that was set before; infinite sets none. */
  pullIn(delayMs: number): void {
    this.#cancelTimer();
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = afterMs(Math.ceil(delayMs), () => this.pull());
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

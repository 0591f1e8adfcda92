import { runMarkedSync } from "./marks.ts";
import { currentOrigin } from "./origin.ts";

type Callback = (...args: unknown[]) => unknown;
type Timer = ReturnType<typeof globalThis.setTimeout>;

/** A timer that is due within this time after its scope has ended still fires: what it throws is told. */
const graceMs = 1_000;

interface Started {
  /** Infinite for an interval. */
  readonly dueAtMs: number;
}

/** Timers that end together: those that the code of one run has started. */
export class TimerScope {
  readonly #timers = new Map<Timer, Started>();
  #isOver = false;

  setTimeout(fire: Callback, delayMs: number | undefined, args: readonly unknown[]): Timer {
    if (this.#isOver) return deadTimer();
    const timer = globalThis.setTimeout(() => {
      this.#timers.delete(timer);
      call(fire, args);
    }, delayMs);
    return this.#add(timer, performance.now() + (Number(delayMs) || 0));
  }

  setInterval(fire: Callback, delayMs: number | undefined, args: readonly unknown[]): Timer {
    if (this.#isOver) return deadTimer();
    return this.#add(
      globalThis.setInterval(() => call(fire, args), delayMs),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Ends all timers, and lets no further ones start. */
  end(): void {
    this.#isOver = true;
    const nearMs = performance.now() + graceMs;
    for (const [timer, { dueAtMs }] of this.#timers) if (dueAtMs > nearMs) globalThis.clearTimeout(timer);
    this.#timers.clear();
  }

  forget(timer: Timer): void {
    this.#timers.delete(timer);
  }

  #add(timer: Timer, dueAtMs: number): Timer {
    this.#timers.set(timer, { dueAtMs });
    scopes.set(timer, this);
    return timer;
  }
}

const scopes = new WeakMap<Timer, TimerScope>();

/** Takes a timer out of its scope, for it is cleared. */
export function forgetTimer(timer: unknown): void {
  if (typeof timer === "object" && timer !== null) scopes.get(timer as Timer)?.forget(timer as Timer);
}

function call(fire: Callback, args: readonly unknown[]): void {
  const origin = currentOrigin();
  if (origin) runMarkedSync(origin, () => void fire(...args));
  else fire(...args);
}

/** What a program gets that may clear its timer, or refer to it. */
function deadTimer(): Timer {
  const timer = globalThis.setTimeout(() => {}, 0);
  globalThis.clearTimeout(timer);
  return timer;
}

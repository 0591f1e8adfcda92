import { AsyncLocalStorage } from "node:async_hooks";
import type { TimerScope } from "./timers.ts";

/** What an origin is called in the log. */
export interface OriginFacts {
  readonly workflow?: string;
  readonly runId?: string;
  readonly nodeId?: string;
  readonly iteration?: number;
  readonly attempt?: number;
}

/**
 * A piece of an author's code that this package has called, such as an attempt or a rendering. An error that nothing
 * catches is told to the origin that it comes from.
 */
export interface Origin {
  readonly kind: "attempt" | "rendering" | "import";
  readonly facts: OriginFacts;
  /** The author's files that its code is in, absolute. */
  readonly files: ReadonlySet<string>;
  /** Timers that its code starts end with this scope. */
  readonly timers?: TimerScope;
  /** Takes an error that nothing caught and that is surely this origin's. Must not throw. */
  stray(thrown: unknown): void;
  /**
   * Takes an error that nothing caught and that is one of several origins', of which this is the first. Must not throw.
   */
  suspected(thrown: unknown, origins: readonly OriginFacts[]): void;
}

const storage = new AsyncLocalStorage<Origin | undefined>();

/** Calls `body`; {@link currentOrigin} is `origin` in it, and in what it starts. */
export function runAs<T>(origin: Origin, body: () => T): T {
  return storage.run(origin, body);
}

/** Calls this package's own code from an author's: what it starts belongs to no origin. */
export function runAsNone<T>(body: () => T): T {
  return storage.run(undefined, body);
}

/** The origin that the calling code belongs to, if it belongs to one. */
export function currentOrigin(): Origin | undefined {
  return storage.getStore();
}

import type { Approval, Attempt, CommittedEvent, Node, Run } from "../model/index.ts";
import type { TurnRecord } from "../store/index.ts";

/** A committed turn: what it wrote, and the run after it. Valid only during the call. */
export interface CommittedTurn {
  readonly run: Run;
  readonly record: TurnRecord;
  readonly events: readonly CommittedEvent[];
  /** Decisions that the turn applied. They were stored earlier, perhaps by another process. */
  readonly decisions: readonly Approval[];
  node(nodeId: string, iteration: number): Node | undefined;
  readonly timing: TurnTiming;
}

/** How long the parts of a turn took, in ms. `renderMs` is 0 when nothing had to be rendered. */
export interface TurnTiming {
  readonly renderMs: number;
  readonly planMs: number;
  readonly commitMs: number;
}

/** Whose code is about to be called: that of a run's turn, or of a node's attempt. */
export interface CodePlace {
  readonly runId: string;
  readonly nodeId?: string;
  readonly iteration?: number;
  /** How long an attempt may take by its own rules, in ms; absent without a limit of its own. */
  readonly timeoutMs?: number;
}

/** Observes an engine. Called on its hot path: must be fast and must not throw. */
export interface EngineObserver {
  /** Called after the commit, and before the attempts that it recorded start. */
  turnCommitted(turn: CommittedTurn): void;
  /** Calls `code`, which executes a task, and returns its result. An async context set around it holds inside. */
  aroundAttempt<T>(attempt: Attempt, code: () => T): T;
  /** Calls `code`, which may call the author's for this place, and returns its result. */
  aroundCode?<T>(place: CodePlace, code: () => T): T;
  /** Called when another process has taken over a run that this one was executing. */
  leaseLost(runId: string): void;
  /** Called when a heartbeat could not be written. */
  heartbeatFailed(): void;
}

/** Calls code within what an observer puts around it. */
export function within<T>(observer: EngineObserver | undefined, place: CodePlace, code: () => T): T {
  return observer?.aroundCode ? observer.aroundCode(place, code) : code();
}

/** Fans out to several observers; undefined when there are none. */
export function allOf(observers: readonly (EngineObserver | undefined)[]): EngineObserver | undefined {
  const [first, ...rest] = observers.filter((one) => one !== undefined);
  if (!first || rest.length === 0) return first;
  const all = [first, ...rest];
  // Called several times in a turn; most observers do not stand around code.
  const around = all.filter((one) => one.aroundCode);
  return {
    turnCommitted: (turn) => all.forEach((one) => void one.turnCommitted(turn)),
    aroundAttempt: (attempt, code) =>
      all.reduce<typeof code>((inner, one) => () => one.aroundAttempt(attempt, inner), code)(),
    aroundCode: (place, code) =>
      around.length === 1
        ? within(around[0], place, code)
        : around.reduce<typeof code>((inner, one) => () => within(one, place, inner), code)(),
    leaseLost: (runId) => all.forEach((one) => void one.leaseLost(runId)),
    heartbeatFailed: () => all.forEach((one) => void one.heartbeatFailed()),
  };
}

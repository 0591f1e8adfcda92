import type { Approval, Attempt, CommittedEvent, Node, Run } from "../model/index.ts";
import type { TurnRecord } from "../store/index.ts";

/** A turn that was committed: what it wrote, and the run as it stands after it. Valid during the call only. */
export interface CommittedTurn {
  readonly run: Run;
  readonly record: TurnRecord;
  readonly events: readonly CommittedEvent[];
  /** Decisions that were taken in. They had been stored before, perhaps by another process. */
  readonly decisions: readonly Approval[];
  node(nodeId: string, iteration: number): Node | undefined;
  readonly timing: TurnTiming;
}

/** Milliseconds. `renderMs` is 0 when nothing had to be rendered. */
export interface TurnTiming {
  readonly renderMs: number;
  readonly planMs: number;
  readonly commitMs: number;
}

/** Told of what an engine does, on its hot path: it must be quick, and must not throw. */
export interface EngineObserver {
  /** Called after the commit, and before the attempts that it recorded begin. */
  turnCommitted(turn: CommittedTurn): void;
  /** Calls `code`, which executes a task, and returns what it returns; what is set around it holds in it. */
  aroundAttempt<T>(attempt: Attempt, code: () => T): T;
  /** Another process has taken a run that this one was executing. */
  leaseLost(runId: string): void;
  heartbeatFailed(): void;
}

/** One that tells several; nothing when there is none to tell. */
export function allOf(observers: readonly (EngineObserver | undefined)[]): EngineObserver | undefined {
  const [first, ...rest] = observers.filter((one) => one !== undefined);
  if (!first || rest.length === 0) return first;
  const all = [first, ...rest];
  return {
    turnCommitted: (turn) => all.forEach((one) => void one.turnCommitted(turn)),
    aroundAttempt: (attempt, code) =>
      all.reduce<typeof code>((inner, one) => () => one.aroundAttempt(attempt, inner), code)(),
    leaseLost: (runId) => all.forEach((one) => void one.leaseLost(runId)),
    heartbeatFailed: () => all.forEach((one) => void one.heartbeatFailed()),
  };
}

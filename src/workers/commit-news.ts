import { concernsRelatives, type ExecutionEnd, type HolderParts } from "../engine/index.ts";
import { type CommittedEvent, hasEnded, type Run } from "../model/index.ts";
import type { TurnRecord } from "../store/index.ts";

/**
 * Publishes in this process what workers commit. A worker that continues a run is answered first, so it does not wait for
 * that; for a run that is released it waits for nothing.
 */
export class CommitNews {
  readonly #sink: HolderParts["sink"];
  readonly #released: (runId: string, end: ExecutionEnd) => void;
  #waiting: (() => void)[] = [];

  /** @param released learns of a run that its worker has released */
  constructor(sink: HolderParts["sink"], released: (runId: string, end: ExecutionEnd) => void) {
    this.#sink = sink;
    this.#released = released;
  }

  /** Publishes events. */
  events(events: readonly CommittedEvent[]): void {
    this.#tell(events, () => this.#sink.feed.publish(events));
  }

  /**
   * Publishes a turn and its events.
   * @param run the run after the turn; undefined when its worker has lost it meanwhile
   * @param commitMs how long the store took to commit it
   */
  turn(turn: TurnRecord, run: Run | undefined, events: readonly CommittedEvent[], commitMs: number): void {
    this.#tell(events, () => {
      if (run) this.#observe(turn, run, events, commitMs);
      this.#sink.feed.publish(events);
      if (concernsRelatives(turn)) this.#sink.related?.(turn);
      if (turn.run.release) this.#released(turn.lease.runId, endOf(run));
    });
    if (turn.run.release) this.flush();
  }

  /** Tells at once what waits to be told, in order. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  #tell(events: readonly CommittedEvent[], tell: () => void): void {
    this.#sink.feed.note(events);
    // The answers of this turn of the event loop are sent when it ends.
    if (this.#waiting.push(tell) === 1) setImmediate(() => setImmediate(() => this.flush()));
  }

  #observe(turn: TurnRecord, run: Run, events: readonly CommittedEvent[], commitMs: number): void {
    const { facts, nodes } = turn;
    if (!facts) return;
    const { decisions, timing } = facts;
    const node = (nodeId: string, iteration: number) =>
      nodes.find((one) => one.nodeId === nodeId && one.iteration === iteration);
    this.#sink.observer?.turnCommitted({
      run,
      record: turn,
      events,
      decisions,
      node,
      timing: { ...timing, commitMs },
    });
  }
}

/** How a worker has left a run, by its row; undefined when another process may have the run. */
function endOf(run: Run | undefined): ExecutionEnd {
  if (!run) return "released";
  if (hasEnded(run.status)) return "ended";
  if (run.status !== "running") return "parked";
  return run.queuedAtMs === null ? "released" : "queued";
}

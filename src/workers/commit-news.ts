import { concernsRelatives, type ExecutionEnd, type HolderParts } from "../engine/index.ts";
import { type CommittedEvent, hasEnded, type Run } from "../model/index.ts";
import type { TurnRecord } from "../store/index.ts";

export interface CommitNewsSettings {
  readonly sink: HolderParts["sink"];
  /** Learns of a run that its worker has released. */
  released(runId: string, end: ExecutionEnd): void;
  /** Sends what waits to be sent to the workers. */
  sendAnswers(): void;
}

/**
 * Publishes in this process what workers commit. A worker that continues a run is answered first, so it does not wait for
 * that; where runs are only released, the workers wait for nothing.
 */
export class CommitNews {
  readonly #settings: CommitNewsSettings;
  #waiting: (() => void)[] = [];
  /** Whether a worker continues a run with one of the answers. */
  #isAwaited = false;

  constructor(settings: CommitNewsSettings) {
    this.#settings = settings;
  }

  /** Publishes events. A run continues with the answer. */
  events(events: readonly CommittedEvent[]): void {
    this.#tell(events, true, () => this.#settings.sink.feed.publish(events));
  }

  /** Publishes the events of a run that was recorded, and tells its caller. */
  started(events: readonly CommittedEvent[], tellCaller: () => void): void {
    this.#tell(events, true, () => {
      tellCaller();
      this.#settings.sink.feed.publish(events);
    });
  }

  /**
   * Publishes a turn and its events.
   * @param run the run after the turn; undefined when its worker has lost it meanwhile
   * @param commitMs how long the store took to commit it
   */
  turn(turn: TurnRecord, run: Run | undefined, events: readonly CommittedEvent[], commitMs: number): void {
    const { sink, released } = this.#settings;
    const isReleased = turn.run.release ?? false;
    this.#tell(events, !isReleased, () => {
      if (run) this.#observe(turn, run, events, commitMs);
      sink.feed.publish(events);
      if (concernsRelatives(turn)) sink.related?.(turn);
      if (isReleased) released(turn.lease.runId, endOf(run));
    });
  }

  /** Tells at once what waits to be told, in order. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isAwaited = false;
    for (const tell of waiting) tell();
  }

  #tell(events: readonly CommittedEvent[], isAwaited: boolean, tell: () => void): void {
    this.#settings.sink.feed.note(events);
    this.#isAwaited ||= isAwaited;
    if (this.#waiting.push(tell) > 1) return;
    // The answers of this turn of the event loop are there when it ends.
    setImmediate(() => {
      if (this.#isAwaited) this.#settings.sendAnswers();
      this.flush();
    });
  }

  #observe(turn: TurnRecord, run: Run, events: readonly CommittedEvent[], commitMs: number): void {
    const { facts, nodes } = turn;
    if (!facts) return;
    const { decisions, timing } = facts;
    const node = (nodeId: string, iteration: number) =>
      nodes.find((one) => one.nodeId === nodeId && one.iteration === iteration);
    this.#settings.sink.observer?.turnCommitted({
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

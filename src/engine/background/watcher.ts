import { messageOf } from "../../errors/index.ts";
import { moment } from "../../runtime/index.ts";
import type { ClaimedRun, Store } from "../../store/index.ts";
import { afterMs, stopwatch } from "../../timing/index.ts";
import type { Feed } from "../feed.ts";
import type { Logger } from "../logger.ts";

/** What a watcher needs of its engine. */
export interface Watched {
  readonly store: Store;
  readonly feed: Feed;
  /** Whether the engine executes the run. */
  isActive(runId: string): boolean;
  /** Whether the engine continues the run by itself. */
  owns(runId: string): boolean;
  /** Takes a turn of the run, unless another owner does. */
  wake(runId: string): Promise<void>;
  /** Runs whose owner has died, or that should have an owner and have none. */
  orphans(): Promise<ClaimedRun[]>;
  /** How often the engine renews its leases and looks for orphans, in ms. */
  readonly heartbeatMs: number;
  readonly log: Logger;
}

/** A run that has lost this many owners without progress may be what they died of. */
const suspectCrashes = 2;
/** How long a run that could not be continued, for example because its file is broken, is left alone. */
const failurePauseMs = 2_000;

/** Why a run could not be continued when it was last tried. */
interface Failure {
  readonly cause: string;
  readonly sinceMs: () => number;
}

/**
 * Wakes runs when they need it: a timer is due, another process has recorded a decision or a signal, or an owner has
 * died.
 */
export class Watcher {
  readonly #engine: Watched;
  readonly #failures = new Map<string, Failure>();
  /** Orphans that are left alone for now: claiming one may end the process. */
  #suspects = new Set<string>();
  #sinceSuspectClaimedMs = stopwatch();
  #unwatch = () => {};
  #orphans: ReturnType<typeof setInterval> | undefined;
  #cancelDue = () => {};
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(engine: Watched) {
    this.#engine = engine;
  }

  begin(): void {
    if (this.#stopped) return;
    this.#unwatch = this.#engine.store.watch(() => void this.#attempt(() => this.#changedElsewhere()));
    this.#orphans = setInterval(() => void this.#attempt(() => this.#recoverOrphans()), this.#engine.heartbeatMs);
    this.#orphans.unref();
    void this.#attempt(() => this.#recoverOrphans());
  }

  /** Wakes every parked run whose time has come, and sets the timer for the next one. */
  async wakeDue(): Promise<void> {
    this.#cancelDue();
    if (this.#stopped) return;
    const now = moment();
    for (const { runId } of await this.#engine.store.dueRuns(now)) await this.#wake(runId);
    const delayMs = await this.#engine.store.msToNextDue(now);
    this.#cancelDue();
    if (delayMs === null || this.#stopped) return;
    this.#cancelDue = afterMs(Math.ceil(delayMs), () => void this.#attempt(() => this.wakeDue()));
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch();
    clearInterval(this.#orphans);
    this.#cancelDue();
    this.#cancelRetry?.();
  }

  /** Wakes a run for which something has come, also when it could not be continued a moment ago. Never rejects. */
  async wakeNow(runId: string): Promise<void> {
    try {
      await this.#engine.wake(runId);
      this.#failures.delete(runId);
    } catch (error) {
      this.#failed(runId, error);
    }
  }

  async #changedElsewhere(): Promise<void> {
    this.#engine.feed.notifyRemote((runId) => !this.#engine.isActive(runId));
    await this.#wakeWithNews();
  }

  async #wakeWithNews(): Promise<void> {
    for (const { runId } of await this.#engine.store.runsWithNews()) await this.#wake(runId);
  }

  async #recoverOrphans(): Promise<void> {
    const orphans = await this.#engine.orphans();
    const suspects = orphans.filter(({ crashes }) => crashes >= suspectCrashes).sort((a, b) => b.crashes - a.crashes);
    this.#suspects = new Set(suspects.map(({ runId }) => runId));
    for (const { runId } of orphans) await this.#wake(runId);
    if (suspects[0]) await this.#claimSuspect(suspects[0].runId);
    // Runs that could not be continued when they had news, for example because their file was broken.
    await this.#wakeWithNews();
    await this.wakeDue();
  }

  /**
   * Claims a suspect, one at a time and only after the other runs had time to make progress: if it ends the process, no
   * other run is to blame, and the next process sees by its crash count which run to leave for last.
   */
  async #claimSuspect(runId: string): Promise<void> {
    if (this.#sinceSuspectClaimedMs() < 2 * this.#engine.heartbeatMs) return;
    this.#sinceSuspectClaimedMs = stopwatch();
    this.#suspects.delete(runId);
    await this.#wake(runId);
  }

  /** Wakes one run. An error does not keep other runs from being woken. */
  async #wake(runId: string): Promise<void> {
    if (this.#stopped || !this.#engine.owns(runId) || this.#suspects.has(runId)) return;
    const failure = this.#failures.get(runId);
    if (failure && failure.sinceMs() < failurePauseMs) return;
    await this.wakeNow(runId);
  }

  /** Logs each cause once, however many runs it stops, and tries again soon: a repair needs no other call. */
  #failed(runId: string, error: unknown): void {
    if (this.#stopped) return;
    const cause = messageOf(error);
    const isKnown = [...this.#failures.values()].some((failure) => failure.cause === cause);
    this.#failures.set(runId, { cause, sinceMs: stopwatch() });
    if (!isKnown) {
      this.#engine.log.warn({ runId, err: error }, "The run cannot be continued now. It will be tried again.");
    }
    this.#cancelRetry ??= afterMs(failurePauseMs, () => void this.#attempt(() => this.#retryFailed()));
  }

  async #retryFailed(): Promise<void> {
    this.#cancelRetry = undefined;
    for (const runId of [...this.#failures.keys()]) if (!this.#suspects.has(runId)) await this.wakeNow(runId);
    if (this.#failures.size > 0 && !this.#stopped) {
      this.#cancelRetry ??= afterMs(failurePauseMs, () => void this.#attempt(() => this.#retryFailed()));
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#stopped)
        this.#engine.log.warn({ err: error }, "The database could not be read. It will be tried again.");
    }
  }
}

import { messageOf } from "../../errors/index.ts";
import { msUntilRun, type Run } from "../../model/index.ts";
import { moment } from "../../runtime/index.ts";
import type { ClaimedRun, RunToWake, Store } from "../../store/index.ts";
import { afterMs, stopwatch, waitAtMost } from "../../timing/index.ts";
import type { Feed } from "../feed.ts";
import type { Logger } from "../logger.ts";
import { WakeQueue } from "./wake-queue.ts";

/** What a watcher needs of its engine. */
export interface Watched {
  readonly store: Store;
  readonly feed: Feed;
  /** Called when another connection may have committed something, and from time to time. */
  changed(): void;
  /** Whether the engine executes the run. */
  isActive(runId: string): boolean;
  /** Whether the engine continues the run by itself. */
  owns(runId: string): boolean;
  /** Takes a turn of the run, unless another owner does. */
  wake(runId: string): Promise<void>;
  /** Resolves when the first turn of a run that was woken is over. Never rejects. */
  begun(runId: string): Promise<void>;
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
/** Looking for due runs takes at most this part of the time, unless the pause would be longer than the second. */
const lookShare = 0.1;
const longestLookPauseMs = 250;

/** A first turn that takes longer is not waited for. */
const longestTurnMs = 1_000;

/** Why a run could not be continued when it was last tried. */
interface Failure {
  readonly run: RunToWake;
  readonly cause: string;
  readonly sinceMs: () => number;
}

/**
 * Wakes runs when they need it: a timer is due, another process has recorded a decision or a signal, or an owner has
 * died.
 */
export class Watcher {
  readonly #engine: Watched;
  readonly #queue = new WakeQueue(async (run) => {
    const isAwake = await this.#wake(run);
    // No more runs are woken than can take their first turns.
    await waitAtMost(longestTurnMs, this.#engine.begun(run.runId));
    return isAwake;
  });
  readonly #failures = new Map<string, Failure>();
  /** How many runs each cause stops. */
  readonly #causes = new Map<string, number>();
  /** Orphans that are left alone for now: claiming one may end the process. */
  #suspects = new Set<string>();
  #sinceSuspectClaimedMs = stopwatch();
  #unwatch = () => {};
  #orphans: ReturnType<typeof setInterval> | undefined;
  /** The next look for due runs. */
  #look: { readonly leftMs: () => number; readonly cancel: () => void } | undefined;
  /** How long to wait after a look until the next one. */
  #lookPauseMs = 0;
  #sinceLookMs = stopwatch();
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(engine: Watched) {
    this.#engine = engine;
  }

  begin(): void {
    if (this.#stopped) return;
    this.#unwatch = this.#engine.store.watch((runIds) => void this.#attempt(() => this.#changedElsewhere(runIds)));
    this.#orphans = setInterval(() => void this.#attempt(() => this.#recoverOrphans()), this.#engine.heartbeatMs);
    this.#orphans.unref();
    void this.#attempt(() => this.#recoverOrphans());
  }

  /** Wakes a run that was just parked when its time comes. */
  parked(run: Run): void {
    const delayMs = msUntilRun(run, moment());
    if (delayMs <= 0) this.#offer(run);
    else this.#lookIn(delayMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.stop();
    this.#unwatch();
    clearInterval(this.#orphans);
    this.#look?.cancel();
    this.#cancelRetry?.();
  }

  /** Wakes a run for which something has come, also when it could not be continued a moment ago. Never rejects. */
  async wakeNow(runId: string, workflowPath: string | null = null): Promise<void> {
    await this.#wake({ runId, workflowPath });
  }

  /** Wakes every parked run whose time has come, and sets the timer for the next one. */
  async #wakeDue(): Promise<void> {
    this.#look?.cancel();
    this.#look = undefined;
    if (this.#stopped) return;
    const elapsedMs = stopwatch();
    const now = moment();
    for (const run of await this.#engine.store.dueRuns(now)) this.#offer(run);
    const delayMs = await this.#engine.store.msToNextDue(now);
    this.#lookPauseMs = Math.min(elapsedMs() / lookShare, longestLookPauseMs);
    this.#sinceLookMs = stopwatch();
    if (delayMs !== null) this.#lookIn(delayMs - elapsedMs());
  }

  /** Looks for due runs in `delayMs`, or earlier when that was asked for. */
  #lookIn(delayMs: number): void {
    const dueMs = Math.max(Math.ceil(delayMs), this.#lookPauseMs - this.#sinceLookMs());
    if (this.#stopped || dueMs === Number.POSITIVE_INFINITY) return;
    if (this.#look && this.#look.leftMs() <= dueMs) return;
    this.#look?.cancel();
    const elapsedMs = stopwatch();
    const cancel = afterMs(dueMs, () => void this.#attempt(() => this.#wakeDue()));
    this.#look = { leftMs: () => dueMs - elapsedMs(), cancel };
  }

  async #changedElsewhere(runIds?: readonly string[]): Promise<void> {
    const changed = runIds && new Set(runIds);
    this.#engine.changed();
    this.#engine.feed.notifyRemote((runId) => !this.#engine.isActive(runId) && (changed?.has(runId) ?? true));
    if (this.#engine.store.goneOwners?.size) return this.#recoverOrphans();
    await this.#wakeWithNews();
  }

  async #wakeWithNews(): Promise<void> {
    for (const run of await this.#engine.store.runsWithNews()) this.#offer(run);
  }

  async #recoverOrphans(): Promise<void> {
    this.#engine.changed();
    const orphans = await this.#engine.orphans();
    const suspects = orphans.filter(({ crashes }) => crashes >= suspectCrashes).sort((a, b) => b.crashes - a.crashes);
    this.#suspects = new Set(suspects.map(({ runId }) => runId));
    for (const run of orphans) this.#offer(run);
    if (suspects[0]) this.#claimSuspect(suspects[0]);
    // Runs that could not be continued when they had news, for example because their file was broken.
    await this.#wakeWithNews();
    await this.#wakeDue();
  }

  /**
   * Claims a suspect, one at a time and only after the other runs had time to make progress: if it ends the process, no
   * other run is to blame, and the next process sees by its crash count which run to leave for last.
   */
  #claimSuspect(run: RunToWake): void {
    if (this.#sinceSuspectClaimedMs() < 2 * this.#engine.heartbeatMs) return;
    this.#sinceSuspectClaimedMs = stopwatch();
    this.#suspects.delete(run.runId);
    this.#offer(run);
  }

  /** Wakes a run in its turn, unless it is to be left alone. */
  #offer(run: RunToWake): void {
    const { runId, workflowPath } = run;
    if (this.#stopped || !this.#engine.owns(runId) || this.#suspects.has(runId)) return;
    const failure = this.#failures.get(runId);
    if (failure && failure.sinceMs() < failurePauseMs) return;
    this.#queue.add({ runId, workflowPath });
  }

  /** Wakes one run, and tells whether that succeeded. Never rejects: an error keeps no other run from being woken. */
  async #wake(run: RunToWake): Promise<boolean> {
    try {
      await this.#engine.wake(run.runId);
      this.#forget(run.runId);
      return true;
    } catch (error) {
      this.#failed(run, error);
      return false;
    }
  }

  /** Logs each cause once, however many runs it stops, and tries again soon: a repair needs no other call. */
  #failed(run: RunToWake, error: unknown): void {
    if (this.#stopped) return;
    const { runId } = run;
    const cause = messageOf(error);
    const isKnown = this.#causes.has(cause);
    this.#forget(runId);
    this.#failures.set(runId, { run, cause, sinceMs: stopwatch() });
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1);
    if (!isKnown) {
      this.#engine.log.warn({ runId, err: error }, "The run cannot be continued now. It will be tried again.");
    }
    this.#retryLater();
  }

  #forget(runId: string): void {
    const cause = this.#failures.get(runId)?.cause;
    if (cause === undefined) return;
    this.#failures.delete(runId);
    const others = this.#causes.get(cause)! - 1;
    if (others === 0) this.#causes.delete(cause);
    else this.#causes.set(cause, others);
  }

  #retryLater(): void {
    this.#cancelRetry ??= afterMs(failurePauseMs, () => {
      this.#cancelRetry = undefined;
      if (this.#stopped || this.#failures.size === 0) return;
      for (const { run } of this.#failures.values()) if (!this.#suspects.has(run.runId)) this.#queue.add(run);
      this.#retryLater();
    });
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

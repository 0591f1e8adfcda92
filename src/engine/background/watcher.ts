import type { ClaimedRun, Store } from "../../store/index.ts";
import { maxTimerMs } from "../../timing/long-timer.ts";
import type { Feed } from "../feed.ts";
import type { Logger } from "../logger.ts";

/** What the watch needs of the engine that it serves. */
export interface Watched {
  readonly store: Store;
  readonly feed: Feed;
  /** Whether the engine executes the run. */
  isActive(runId: string): boolean;
  /** Whether the run is one that the engine continues by itself. */
  owns(runId: string): boolean;
  /** Takes a turn of the run, if nobody else does. */
  wake(runId: string): Promise<void>;
  /** Runs that were left by an owner who is gone, or by nobody. */
  orphans(): Promise<ClaimedRun[]>;
  /** How often the engine renews its leases: also how often it looks for runs that were left. */
  readonly heartbeatMs: number;
  readonly log: Logger;
}

/** How soon another process's write is noticed. */
const changeMs = 40;
/** A run that was left so often, with nothing achieved in between, may be what its owners have died of. */
const suspectCrashes = 2;
/** A run that could not be continued, as when its file is broken, is tried again after this long. */
const failurePauseMs = 30_000;

/**
 * Notices by itself what runs need: a timer that is due, a decision or signal that another process has
 * written, an owner that has died.
 */
export class Watcher {
  readonly #engine: Watched;
  readonly #notBefore = new Map<string, number>();
  /** Runs that are left alone for now: to take one up may end the process. */
  #suspects = new Set<string>();
  #riskedAtMs = performance.now();
  #changes: ReturnType<typeof setInterval> | undefined;
  #orphans: ReturnType<typeof setInterval> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;
  #dataVersion = 0;
  #stopped = false;

  constructor(engine: Watched) {
    this.#engine = engine;
  }

  begin(): void {
    if (this.#stopped) return;
    this.#changes = setInterval(() => void this.#attempt(() => this.#lookForChanges()), changeMs);
    this.#changes.unref();
    this.#orphans = setInterval(() => void this.#attempt(() => this.#adopt()), this.#engine.heartbeatMs);
    this.#orphans.unref();
    void this.#attempt(() => this.#adopt());
  }

  /** Continues every parked run whose time has come, and sets the clock for the next one. */
  async wakeDue(): Promise<void> {
    clearTimeout(this.#due);
    if (this.#stopped) return;
    const nowMs = Date.now();
    for (const runId of await this.#engine.store.dueRuns(nowMs)) await this.#wake(runId);
    const nextMs = await this.#engine.store.nextDueMs(nowMs);
    clearTimeout(this.#due);
    if (nextMs === null || this.#stopped) return;
    this.#due = setTimeout(() => void this.#attempt(() => this.wakeDue()), Math.min(nextMs - nowMs, maxTimerMs));
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#changes);
    clearInterval(this.#orphans);
    clearTimeout(this.#due);
  }

  async #lookForChanges(): Promise<void> {
    const { store, feed } = this.#engine;
    const version = await store.dataVersion();
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    feed.notifyRemote((runId) => !this.#engine.isActive(runId));
    await this.#wakeWithNews();
  }

  async #wakeWithNews(): Promise<void> {
    for (const runId of await this.#engine.store.runsWithNews()) await this.#wake(runId);
  }

  async #adopt(): Promise<void> {
    const orphans = await this.#engine.orphans();
    const suspects = orphans.filter(({ crashes }) => crashes >= suspectCrashes).sort((a, b) => b.crashes - a.crashes);
    this.#suspects = new Set(suspects.map(({ runId }) => runId));
    for (const { runId } of orphans) await this.#wake(runId);
    if (suspects[0]) await this.#risk(suspects[0].runId);
    // Those that could not be continued when something came for them, as when their file was broken.
    await this.#wakeWithNews();
    await this.wakeDue();
  }

  /**
   * Takes up a suspect once the others have had time to get on, and only one at a time: what it may cost is then its
   * own, and the next process knows by its count whom to leave for last.
   */
  async #risk(runId: string): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#riskedAtMs < 2 * this.#engine.heartbeatMs) return;
    this.#riskedAtMs = nowMs;
    this.#suspects.delete(runId);
    await this.#wake(runId);
  }

  /** One run that cannot be continued keeps no other from it. */
  async #wake(runId: string): Promise<void> {
    if (!this.#engine.owns(runId) || this.#suspects.has(runId)) return;
    const notBefore = this.#notBefore.get(runId);
    if (this.#stopped || (notBefore !== undefined && Date.now() < notBefore)) return;
    try {
      await this.#engine.wake(runId);
      this.#notBefore.delete(runId);
    } catch (error) {
      if (notBefore === undefined)
        this.#engine.log.warn({ runId, err: error }, "The run cannot be continued now; it is tried again.");
      this.#notBefore.set(runId, Date.now() + failurePauseMs);
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#stopped)
        this.#engine.log.warn({ err: error }, "The database could not be looked at; it is tried again.");
    }
  }
}

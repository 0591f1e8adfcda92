import type { Run } from "../../model/index.ts";
import type { Lease, TakenRun } from "../../store/index.ts";
import type { Logger } from "../logger.ts";
import type { Places, ReservedPlace } from "../places.ts";

export interface QueuedRunsSettings {
  /** Takes at most so many runs, the longest waiting first. */
  take(limit: number): Promise<readonly TakenRun[]>;
  /** Executes a run that was taken. Never rejects. */
  execute(run: Run, taken: { readonly lease: Lease; readonly places: ReservedPlace | undefined }): Promise<void>;
  /** Undefined without a bound. */
  readonly places: Places | undefined;
  readonly log: Logger;
}

/** Runs that are taken at once. */
const batch = 32;

/**
 * Takes runs that servers of the same database had no place for, as many as there are places here. No server takes more
 * than it can start, so the load spreads by itself.
 */
export class QueuedRuns {
  readonly #settings: QueuedRunsSettings;
  readonly #stopListening: () => void;
  /** Whether there may be runs to take. */
  #mayExist = false;
  #looking: Promise<void> | undefined;
  #hasBegun = false;

  constructor(settings: QueuedRunsSettings) {
    this.#settings = settings;
    this.#stopListening = settings.places?.onRoom(() => this.#go()) ?? (() => {});
  }

  /** Looks for runs, now and whenever a place becomes free, until there are none. */
  look(): void {
    this.#hasBegun = true;
    this.#mayExist = true;
    this.#go();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#hasBegun = false;
    await this.#looking;
  }

  #go(): void {
    if (!this.#hasBegun || !this.#mayExist || this.#looking || this.#settings.places?.free === 0) return;
    this.#looking = this.#takeSome().finally(() => {
      this.#looking = undefined;
      this.#go();
    });
  }

  async #takeSome(): Promise<void> {
    const { places, log } = this.#settings;
    this.#mayExist = false;
    try {
      if (places) await places.keepFor(batch, (count, reserve) => this.#take(count, reserve));
      else await this.#take(batch, () => undefined);
    } catch (error) {
      // The next look, after a heartbeat at the latest, finds them.
      log.warn({ err: error }, "Runs that wait for a place could not be read.");
    }
  }

  async #take(count: number, reserve: () => ReservedPlace | undefined): Promise<void> {
    const taken = await this.#settings.take(count);
    if (taken.length === count) this.#mayExist = true;
    for (const { run, lease } of taken) void this.#settings.execute(run, { lease, places: reserve() });
  }
}

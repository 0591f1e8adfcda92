import type { Run } from "../model/index.ts";
import { type ClaimedRun, isProvablyAlive, isProvablyDead, type Store } from "../store/index.ts";
import { OwnerWatch } from "./owner-watch.ts";

export interface OtherOwnersSettings {
  readonly store: Store;
  /** How long an owner's heartbeat must stay the same until it counts as dead, in ms. */
  readonly staleMs: number;
  /** How often {@link OtherOwners.orphans} is called, in ms. */
  readonly lookMs: number;
  /** Whether the runs of this owner are held here, or have no owner. */
  isOurs(owner: string): boolean;
  isHeld(runId: string): boolean;
}

/** Judges whether the owners of runs are alive. */
export class OtherOwners {
  readonly #settings: OtherOwnersSettings;
  readonly #watch: OwnerWatch;

  constructor(settings: OtherOwnersSettings) {
    this.#settings = settings;
    this.#watch = new OwnerWatch(settings.staleMs, settings.lookMs);
  }

  /** Whether the run has another owner that may be alive. */
  mayOwn(run: Run): boolean {
    const { owner } = run;
    if (owner === null || this.#settings.isOurs(owner) || this.#isDead(owner)) return false;
    return !this.#watch.isSilent(run);
  }

  /**
   * Whether a person may continue the run before its owner has been watched for long enough: by the wall clock the last
   * heartbeat is old, and the owner does not run on this host.
   */
  seemsLeft({ owner, heartbeatAtMs }: Run): boolean {
    if (owner === null || isProvablyAlive(owner)) return false;
    return Date.now() - (heartbeatAtMs ?? 0) > this.#settings.staleMs;
  }

  /** Runs whose owner has died, or that should have an owner and have none. */
  async orphans(): Promise<ClaimedRun[]> {
    const { store, isOurs, isHeld } = this.#settings;
    const dead = new Map<string, boolean>();
    const isDead = (owner: string) => {
      if (!dead.has(owner)) dead.set(owner, this.#isDead(owner));
      return dead.get(owner)!;
    };
    const claimed = await store.claimedRuns();
    this.#watch.look(claimed);
    return claimed.filter((run) => {
      const { runId, owner } = run;
      if (owner !== null && isOurs(owner)) return !isHeld(runId);
      return owner === null || this.#watch.isSilent(run) || isDead(owner);
    });
  }

  #isDead(owner: string): boolean {
    return isProvablyDead(owner) || this.#settings.store.goneOwners?.has(owner) === true;
  }
}

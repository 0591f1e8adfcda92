import type { Run } from "../model/index.ts";
import { type ClaimedRun, isProvablyDead, type Store } from "../store/index.ts";

export interface OtherOwnersSettings {
  readonly store: Store;
  /** How long after its last heartbeat an owner counts as dead, in ms. */
  readonly staleMs: number;
  /** Whether the runs of this owner are held here, or by nobody. */
  isOurs(owner: string): boolean;
  isHeld(runId: string): boolean;
}

/** Judges whether the owners of runs are alive. */
export class OtherOwners {
  readonly #settings: OtherOwnersSettings;

  constructor(settings: OtherOwnersSettings) {
    this.#settings = settings;
  }

  /** Whether the run has another owner that may be alive. */
  mayOwn({ owner, heartbeatAtMs }: Run): boolean {
    const { staleMs, isOurs } = this.#settings;
    if (owner === null || isOurs(owner) || isProvablyDead(owner)) return false;
    return Date.now() - (heartbeatAtMs ?? 0) <= staleMs;
  }

  /** Runs whose owner has died, or that should have an owner and have none. */
  async orphans(): Promise<ClaimedRun[]> {
    const { store, staleMs, isOurs, isHeld } = this.#settings;
    const dead = new Map<string, boolean>();
    const isDead = (owner: string) => {
      if (!dead.has(owner)) dead.set(owner, isProvablyDead(owner));
      return dead.get(owner)!;
    };
    const staleSinceMs = Date.now() - staleMs;
    const claimed = await store.claimedRuns();
    return claimed.filter(({ runId, owner, heartbeatAtMs }) => {
      if (owner !== null && isOurs(owner)) return !isHeld(runId);
      return owner === null || (heartbeatAtMs ?? 0) < staleSinceMs || isDead(owner);
    });
  }
}

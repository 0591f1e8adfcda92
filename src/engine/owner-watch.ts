import type { ClaimedRun } from "../store/index.ts";
import { stopwatch } from "../timing/index.ts";

/** What an owner's row showed when it was last looked at. */
interface Sighting extends Pick<ClaimedRun, "owner" | "leaseNo" | "heartbeatAtMs"> {
  /** For how long it has shown the same. */
  readonly silentMs: number;
}

/**
 * Judges the owners of runs by what this process has seen of them, on its own monotonic clock: an owner is silent when
 * its heartbeat has stayed the same for long enough. What the wall clock shows, here or there, does not matter.
 */
export class OwnerWatch {
  readonly #silentAfterMs: number;
  readonly #longestStepMs: number;
  #seen = new Map<string, Sighting>();
  #sinceLookMs = stopwatch();

  /**
   * @param silentAfterMs how long an owner's heartbeat must stay the same
   * @param lookMs how often the owners are looked at, in ms
   */
  constructor(silentAfterMs: number, lookMs: number) {
    this.#silentAfterMs = silentAfterMs;
    // A process that was paused between two looks has seen nothing meanwhile, and the owner may have been paused too.
    this.#longestStepMs = 2 * lookMs;
  }

  /** Looks at the runs that have an owner now. */
  look(claimed: readonly ClaimedRun[]): void {
    const stepMs = Math.min(this.#sinceLookMs(), this.#longestStepMs);
    this.#sinceLookMs = stopwatch();
    const seen = new Map<string, Sighting>();
    for (const run of claimed) {
      const { runId, owner, leaseNo, heartbeatAtMs } = run;
      const before = this.#same(run);
      seen.set(runId, { owner, leaseNo, heartbeatAtMs, silentMs: before ? before.silentMs + stepMs : 0 });
    }
    this.#seen = seen;
  }

  /** Whether the run's owner has been silent for too long. */
  isSilent(run: Omit<ClaimedRun, "crashes" | "workflowPath">): boolean {
    const before = this.#same(run);
    return before !== undefined && before.silentMs >= this.#silentAfterMs;
  }

  #same({ runId, owner, leaseNo, heartbeatAtMs }: Omit<ClaimedRun, "crashes" | "workflowPath">): Sighting | undefined {
    const before = this.#seen.get(runId);
    const isSame = before?.owner === owner && before.leaseNo === leaseNo && before.heartbeatAtMs === heartbeatAtMs;
    return isSame ? before : undefined;
  }
}

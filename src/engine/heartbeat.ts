import type { Lease } from "../store/index.ts";
import { yieldToEventLoop } from "../timing/index.ts";
import type { HolderParts } from "./run-holder.ts";

/** Default time between two heartbeats, in ms. */
export const defaultHeartbeatMs = 5_000;

export interface HeartbeatParts extends Pick<HolderParts, "sink" | "log"> {
  /** Time between two heartbeats, in ms. */
  readonly everyMs: number;
  /** Called before each heartbeat. */
  before?(): void;
  /** The leases that are held now. */
  leases(): readonly Lease[];
  /** Gives up a run that another owner has taken; returns false when its lease was given up already. */
  abandon(lease: Lease): boolean;
}

/** Writes the heartbeats of the leases that a process holds, and learns which of them are lost. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #interval: ReturnType<typeof setInterval>;
  #lastMs = 0;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#interval = setInterval(() => void this.#beat(), parts.everyMs);
    this.#interval.unref();
  }

  stop(): void {
    clearInterval(this.#interval);
  }

  async #beat(): Promise<void> {
    const { sink, log, before, leases, abandon } = this.#parts;
    const { store, observer } = sink;
    const held = leases();
    if (held.length === 0) return;
    before?.();
    try {
      // Others see that the owner is alive by the change, so each heartbeat differs from the last one.
      const nowMs = Date.now();
      this.#lastMs = nowMs === this.#lastMs ? nowMs + 1 : nowMs;
      const lost = await store.beat(held, this.#lastMs);
      // A run whose last turn shared the heartbeat's transaction gave up its lease itself: it is released first.
      if (lost.length > 0) await yieldToEventLoop();
      for (const lease of lost) if (abandon(lease)) observer?.leaseLost(lease.runId);
    } catch (error) {
      log.warn({ err: error }, "The heartbeat could not be written.");
      observer?.heartbeatFailed();
    }
  }
}

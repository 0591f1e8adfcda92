/** A run that somebody has asked for. `accepted` once the answer was 200: without an answer nobody knows. */
export interface Started {
  readonly runId: string;
  readonly kind: string;
  accepted: boolean;
}

export interface Decided {
  readonly runId: string;
  readonly granted: boolean;
}

export interface Signalled {
  readonly runId: string;
  readonly seq: number;
  readonly value: number;
}

/** What the clients of the victims were answered, and what they have read: all that they may rely on. */
export class History {
  readonly starts = new Map<string, Started>();
  readonly decisions: Decided[] = [];
  readonly signals: Signalled[] = [];
  readonly cancels = new Set<string>();
  /** Requests that got no answer: what they asked for may have happened or not. */
  unanswered = 0;
  /** Answers that refused for a moment. */
  refused = 0;
  eventsFollowed = 0;
  /** How often a server was ended as it should be. */
  ended = 0;
  /** How often a server was stopped past its leases, and woken. */
  pauses = 0;
  /** How often a worker was killed or stopped. */
  hurtWorkers = 0;
  /** How often a server was cut off from the network past its leases. */
  cuts = 0;
  /** How often Postgres was restarted. */
  restarts = 0;
  /** How often some or all connections to Postgres were ended. */
  terminations = 0;
  /** How many servers had a clock that was hours wrong. */
  skewed = 0;
  /** By point, or `random`. */
  readonly kills = new Map<string, number>();

  /** How many starts were answered 200. */
  get accepted(): number {
    return [...this.starts.values()].filter((started) => started.accepted).length;
  }

  countKill(where: string): void {
    this.kills.set(where, (this.kills.get(where) ?? 0) + 1);
  }

  get killed(): number {
    return [...this.kills.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Everything that was done to servers and to their database. */
  get faults(): number {
    return this.killed + this.pauses + this.cuts + this.restarts + this.terminations;
  }
}

/** A run's part of the places for attempts. */
export interface RunPlaces {
  /**
   * Asks for places for attempts that are about to start. What is not granted is queued: the run is woken when a place
   * is its own, and must ask again then. A later call replaces what is queued.
   * @param running how many attempts of the run are in flight now
   * @param wanted how many more could start
   * @returns how many may start
   */
  ask(running: number, wanted: number): Promise<number>;
  /** Notes how many attempts of the run are in flight once a turn is committed. */
  note(running: number): void;
  /** Gives all places back, and leaves the queue. */
  release(): void;
}

/** What a place is kept for. */
class Share implements RunPlaces {
  readonly #places: Places;
  /** Attempts in flight. */
  running = 0;
  /** Places that are free for this run only, until it asks. */
  reserved = 0;
  /** How often it stands in the queue. */
  queued = 0;
  isReleased = false;
  wake = () => {};

  constructor(places: Places) {
    this.#places = places;
  }

  ask(running: number, wanted: number): Promise<number> {
    return this.#places.ask(this, running, wanted);
  }

  note(running: number): void {
    this.#places.change(this, () => {
      this.running = running;
    });
  }

  release(): void {
    this.#places.change(this, () => {
      this.isReleased = true;
      this.running = 0;
      this.reserved = 0;
      this.#places.unqueue(this, this.queued);
    });
  }
}

/** A place that is kept for a run which is still to be taken. */
export type ReservedPlace = RunPlaces & { wake: () => void };

/**
 * The places for attempts of all runs of a server. Who asks first gets the next free place. Kept in memory: the places
 * of a process that has ended are released by the one that notices its end.
 */
export class Places {
  readonly limit: number;
  /** Who waits for places, each as often as it wants one. */
  #queue: Share[] = [];
  #taken = 0;
  #queued = 0;
  readonly #roomListeners = new Set<() => void>();
  /** Places that are kept for runs which are being looked for. */
  #kept = 0;
  readonly #keeping = new Set<Promise<void>>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many attempts wait for a place. */
  get queued(): number {
    return this.#queued;
  }

  /** Number of places that are free, and not promised to a waiting attempt. */
  get free(): number {
    return Math.max(0, this.limit - this.#taken - this.#kept);
  }

  /** The places of one run. @param wake called when a place is free for a run that has waited */
  of(wake: () => void): RunPlaces {
    const share = new Share(this);
    share.wake = wake;
    return share;
  }

  /** Calls `listener` when a place is free that no run has waited for; returns how to stop that. */
  onRoom(listener: () => void): () => void {
    this.#roomListeners.add(listener);
    return () => void this.#roomListeners.delete(listener);
  }

  /**
   * Keeps free places for runs that `take` finds elsewhere. Who asks meanwhile waits until it has looked.
   * @param take is told how many places there are, and calls `reserve` for each run that it has taken
   */
  async keepFor(most: number, take: (count: number, reserve: () => ReservedPlace) => Promise<void>): Promise<void> {
    const count = Math.min(most, this.free);
    if (count === 0) return;
    let left = count;
    this.#kept += count;
    const looked = take(count, () => {
      const share = new Share(this);
      if (left > 0) {
        left -= 1;
        this.#kept -= 1;
        this.#taken += 1;
        share.reserved = 1;
      }
      return share;
    });
    const settled = looked.then(
      () => {},
      () => {},
    );
    this.#keeping.add(settled);
    try {
      await looked;
    } finally {
      this.#keeping.delete(settled);
      this.#kept -= left;
      this.#grant(undefined);
    }
  }

  async ask(share: Share, running: number, wanted: number): Promise<number> {
    if (!isCount(running) || !isCount(wanted)) return 0;
    while (this.#keeping.size > 0 && this.#lacksRoom(share, running, wanted)) await Promise.race(this.#keeping);
    if (share.isReleased) return 0;
    let granted = 0;
    this.change(share, () => {
      share.running = running;
      share.reserved = Math.min(share.reserved, wanted);
      const missing = wanted - share.reserved;
      if (share.queued > missing) this.unqueue(share, share.queued - missing);
      for (; share.queued < missing; share.queued += 1) {
        this.#queue.push(share);
        this.#queued += 1;
      }
    });
    granted = share.reserved;
    share.reserved = 0;
    share.running += granted;
    return granted;
  }

  #lacksRoom(share: Share, running: number, wanted: number): boolean {
    const missing = wanted - share.reserved - (share.running - running);
    return this.limit - this.#taken - this.#kept < missing;
  }

  /** Changes what a run has, and gives what has become free to those who wait. */
  change(share: Share, change: () => void): void {
    const before = share.running + share.reserved;
    if (share.isReleased) return;
    change();
    this.#taken += share.running + share.reserved - before;
    this.#grant(share);
  }

  /** Takes the last entries of a run out of the queue. */
  unqueue(share: Share, count: number): void {
    if (count === 0) return;
    let left = count;
    this.#queue = this.#queue.reverse().filter((one) => one !== share || --left < 0);
    this.#queue.reverse();
    share.queued -= count;
    this.#queued -= count;
  }

  /** @param asking learns of its places without being woken */
  #grant(asking: Share | undefined): void {
    while (this.free > 0 && this.#queue.length > 0) {
      const share = this.#queue.shift()!;
      share.queued -= 1;
      this.#queued -= 1;
      share.reserved += 1;
      this.#taken += 1;
      if (share !== asking) share.wake();
    }
    if (this.free > 0) for (const listener of this.#roomListeners) listener();
  }
}

/** The numbers may come from another process. */
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

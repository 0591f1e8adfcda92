/** What all commands of a process share. */
export interface CommonSpace {
  /** How many commands run at once; further ones wait. */
  readonly commands: number;
  /** Temporary space of all of them, in bytes. */
  readonly bytes: number;
  /** Most and least space of one command, in bytes. The least is granted even when no space is left. */
  readonly mostBytes: number;
  readonly leastBytes: number;
}

/** The share of one command. */
export interface Share {
  readonly temporaryBytes: number;
  /** Returns the share. */
  release(): void;
}

/** Divides limited resources among the commands that run at once. */
export class Shares {
  readonly #space: CommonSpace;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #freeBytes: number;

  constructor(space: CommonSpace) {
    this.#space = space;
    this.#freeBytes = space.bytes;
  }

  /**
   * Waits for a command's turn, in the order of calls, and takes its share: half of what is free, to leave
   * something for the next.
   * @throws the signal's reason when it aborts
   */
  async take(signal: AbortSignal): Promise<Share> {
    signal.throwIfAborted();
    if (this.#running < this.#space.commands) this.#running += 1;
    else await this.#turn(signal);
    const { mostBytes, leastBytes } = this.#space;
    const temporaryBytes = Math.max(leastBytes, Math.min(mostBytes, Math.floor(this.#freeBytes / 2)));
    this.#freeBytes -= temporaryBytes;
    let isReleased = false;
    return {
      temporaryBytes,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#freeBytes += temporaryBytes;
        const next = this.#waiting.shift();
        // The place passes to the waiting call directly: no other call can take it first.
        if (next) next();
        else this.#running -= 1;
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      this.#waiting.push(begin);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }
}

interface Waiting {
  readonly bytes: number;
  enter(): void;
}

/**
 * Room for a number of bytes in memory. Those who need more than is free wait in turn; one that needs more than there is
 * at all waits until nothing else is there.
 */
export class ByteRoom {
  readonly #bytes: number;
  #used = 0;
  readonly #queue = new Set<Waiting>();

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /**
   * Waits for room.
   * @param signal leaves the queue when it aborts
   * @returns a function that gives the room back; it may be called several times
   * @throws the signal's reason
   */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#queue.size > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#used += bytes;
    let isGivenBack = false;
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.#used -= bytes;
      this.#admit();
    };
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.delete(waiting);
        reject(signal?.reason);
        this.#admit();
      };
      const waiting = {
        bytes,
        enter() {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#queue.add(waiting);
    });
  }

  #admit(): void {
    for (const waiting of this.#queue) {
      if (!this.#fits(waiting.bytes)) return;
      this.#queue.delete(waiting);
      this.#used += waiting.bytes;
      waiting.enter();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bytes;
  }
}

import { ByteRoom } from "../timing/index.ts";

/** Bytes of large values of one worker that a server holds in memory on their way. */
const roomBytes = 16_777_216;

/**
 * The room for large values on their way to and from one worker. Each worker has its own: one that is blocked while it
 * has room keeps no other worker from its values.
 */
export class Transit {
  readonly #room = new ByteRoom(roomBytes);
  readonly #taken = new Map<number, () => void>();
  #lastNumber = 0;

  /** Waits for room. @returns the number to give it back by */
  async take(bytes: number): Promise<number> {
    const giveBack = await this.#room.take(bytes);
    this.#lastNumber += 1;
    this.#taken.set(this.#lastNumber, giveBack);
    return this.#lastNumber;
  }

  give(number: number): void {
    this.#taken.get(number)?.();
    this.#taken.delete(number);
  }
}

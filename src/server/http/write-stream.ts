import type { ServerResponse } from "node:http";
import type { StreamSink, StreamSource } from "./stream-source.ts";

/**
 * Writes a stream as fast as the connection takes it. Resolves when the stream has ended or the client has left.
 * @throws what `source` throws; the answer is then incomplete
 */
export async function writeStream(outgoing: ServerResponse, source: StreamSource): Promise<void> {
  const connection = new Connection(outgoing);
  outgoing.once("close", () => {
    connection.close();
    source.leave();
  });
  while (connection.isOpen) {
    await source.pull(connection);
    await connection.drained();
  }
}

/** The connection of one answer. */
class Connection implements StreamSink {
  readonly #outgoing: ServerResponse;
  #isOpen: boolean;
  /** Set while the connection takes no more. */
  #full: ReturnType<typeof Promise.withResolvers<void>> | undefined;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    this.#isOpen = !outgoing.destroyed;
    outgoing.on("drain", () => this.#drain());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get hasRoom(): boolean {
    return this.#full === undefined;
  }

  send(part: Uint8Array, isLast = false): void {
    if (!this.#isOpen) return;
    if (isLast) {
      this.#isOpen = false;
      this.#outgoing.end(part);
    } else if (!this.#outgoing.write(part)) {
      this.#full ??= Promise.withResolvers();
    }
  }

  end(): void {
    if (this.#isOpen) this.#outgoing.end();
    this.#isOpen = false;
  }

  /** Stops writing: the connection is gone. */
  close(): void {
    this.#isOpen = false;
    this.#drain();
  }

  /** Resolves when the connection takes more, or is gone. */
  async drained(): Promise<void> {
    await this.#full?.promise;
  }

  #drain(): void {
    this.#full?.resolve();
    this.#full = undefined;
  }
}

import { SmithersError } from "../../errors/index.ts";
import type { LargeJson } from "../../model/index.ts";
import { afterMs, ByteRoom } from "../../timing/index.ts";
import type { JsonPiece } from "./json-pieces.ts";

/** Characters or bytes that are sent at once. */
const sliceLength = 262_144;
/** Bytes of large values that answers hold in memory, of all servers of the process. */
const room = new ByteRoom(16_777_216);
/** A reader that takes nothing for this long, in ms, gives its place to others: the value is read again for it. */
const stallMs = 250;

/**
 * The UTF-8 of pieces of JSON, in parts that are made when they are asked for. A large value waits for room before the
 * first part, and leaves the memory when it is sent, or when the generator is returned.
 * @param signal leaves the queue for room when it aborts
 * @throws what reading a large value throws; the signal's reason
 */
export async function* byteParts(pieces: readonly JsonPiece[], signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const large = pieces.find((piece) => typeof piece !== "string");
  const held = large && new HeldJson(large, signal);
  try {
    await held?.hold();
    for (const piece of pieces) yield* typeof piece === "string" ? slicesOf(piece) : held!.slices();
  } finally {
    held?.free();
  }
}

/** A large value that is in memory while it is sent. */
class HeldJson {
  readonly #json: LargeJson;
  readonly #signal: AbortSignal | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #giveBack = () => {};

  constructor(json: LargeJson, signal: AbortSignal | undefined) {
    this.#json = json;
    this.#signal = signal;
  }

  async hold(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#bytes) return this.#bytes;
    this.#giveBack = await room.take(this.#json.bytes, this.#signal);
    const read = await this.#json.read();
    if (read.length !== this.#json.bytes) {
      throw new SmithersError("SERVER_ERROR", "The value has changed while it was sent.");
    }
    return (this.#bytes = read);
  }

  async *slices(): AsyncGenerator<Uint8Array, void> {
    for (let start = 0; start < this.#json.bytes; start += sliceLength) {
      const slice = (await this.hold()).slice(start, start + sliceLength);
      const cancel = afterMs(stallMs, () => this.free());
      try {
        yield slice;
      } finally {
        cancel();
      }
    }
  }

  /** Frees the memory at once: the collector would let several such values pile up. */
  free(): void {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    if (bytes?.byteLength === bytes?.buffer.byteLength) bytes?.buffer.transfer(0);
    this.#giveBack();
  }
}

function* slicesOf(text: string): Generator<Uint8Array, void> {
  for (let start = 0; start < text.length; ) {
    const end = start + sliceLength;
    // Both halves of a surrogate pair are in one slice.
    const isHalf = end < text.length && isHighSurrogate(text.charCodeAt(end - 1));
    const slice = text.slice(start, isHalf ? end - 1 : end);
    start += slice.length;
    yield Buffer.from(slice);
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

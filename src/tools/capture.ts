/** Bytes that are kept of a command's stdout, and of its stderr. */
const maxCapturedBytes = 200_000;
/** Bytes that are kept of the end, where a command usually prints why it failed. */
const tailBytes = 50_000;
const headBytes = maxCapturedBytes - tailBytes;

/** Keeps the beginning and the end of a stream of any length, with a mark where something was cut out. */
export class Capture {
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #tail: Buffer[] = [];
  #tailLength = 0;
  #total = 0;

  add(chunk: Buffer): void {
    this.#total += chunk.length;
    let rest = chunk;
    if (this.#headLength < headBytes) {
      const kept = rest.subarray(0, headBytes - this.#headLength);
      this.#head.push(kept);
      this.#headLength += kept.length;
      rest = rest.subarray(kept.length);
    }
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailLength += rest.length;
    if (this.#tailLength > 20 * tailBytes) this.#shorten();
  }

  /** The kept bytes as UTF-8 text. Invalid bytes become U+FFFD. */
  text(): string {
    this.#shorten();
    const head = Buffer.concat(this.#head);
    const tail = this.#tail[0] ?? Buffer.alloc(0);
    const cut = this.#total - head.length - tail.length;
    if (cut === 0) return Buffer.concat([head, tail]).toString("utf8");
    return `${whole(head)}\n[cut: ${cut} bytes are left out here]\n${tail.subarray(firstStart(tail)).toString("utf8")}`;
  }

  #shorten(): void {
    const all = Buffer.concat(this.#tail);
    // A copy, to let the rest be freed.
    this.#tail = [Buffer.from(all.subarray(Math.max(all.length - tailBytes, 0)))];
    this.#tailLength = this.#tail[0]!.length;
  }
}

/** Drops a last character whose end was cut off. */
function whole(bytes: Buffer): string {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return bytes.subarray(0, needed > back ? bytes.length - back : bytes.length).toString("utf8");
  }
  return bytes.toString("utf8");
}

/** Index of the first character whose start was not cut off. */
function firstStart(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start += 1;
  return start;
}

export type OutputStream = "stdout" | "stderr";

/** Between two events of one attempt. */
const everyMs = 200;
/** Of one event, in characters. */
const maxEventLength = 16_384;
/** Of all events of one attempt, in characters. */
const maxTotalLength = 200_000;

/**
 * Gathers what an attempt's work says into few events: text that comes within a moment shares one, and what
 * exceeds the limit is left out, which the last event says.
 */
export class NodeOutput {
  readonly #emit: (text: string, stream: OutputStream) => void;
  #parts: { text: string; stream: OutputStream }[] = [];
  #left = maxTotalLength;
  #wasCut = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(emit: (text: string, stream: OutputStream) => void) {
    this.#emit = emit;
  }

  add(text: string, stream: OutputStream): void {
    if (text === "" || this.#wasCut) return;
    this.#wasCut = text.length > this.#left;
    const kept = this.#wasCut ? `${cut(text, this.#left)}\n[cut: no more output is shown]` : text;
    this.#left -= Math.min(text.length, this.#left);
    const last = this.#parts.at(-1);
    if (last?.stream === stream) last.text += kept;
    else this.#parts.push({ text: kept, stream });
    this.#timer ??= setTimeout(() => this.flush(), everyMs);
  }

  /** Emits what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { text, stream } of this.#parts.splice(0)) {
      for (let rest = text; rest !== ""; ) {
        const piece = cut(rest, maxEventLength);
        rest = rest.slice(piece.length);
        this.#emit(piece, stream);
      }
    }
  }
}

/** The first `length` characters, one less where that would divide a surrogate pair. */
function cut(text: string, length: number): string {
  const code = text.charCodeAt(length - 1);
  const divides = text.length > length && code >= 0xd800 && code <= 0xdbff;
  return text.slice(0, divides ? length - 1 : length);
}

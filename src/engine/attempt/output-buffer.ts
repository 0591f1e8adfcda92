import { redact } from "../../text/index.ts";

export type OutputStream = "stdout" | "stderr";

/** Time between two events of one attempt. */
const intervalMs = 200;
/** Longest text of one event, in characters. */
const maxEventLength = 16_384;
/** Longest text of all events of one attempt together, in characters. */
const maxTotalLength = 200_000;

/**
 * Gathers an attempt's output into few events. Text that arrives within a short time shares one event. Text beyond the
 * limit is dropped, and the last event says that it was.
 */
export class OutputBuffer {
  readonly #emit: (text: string, stream: OutputStream) => void;
  #parts: { text: string; stream: OutputStream }[] = [];
  #left = maxTotalLength;
  #wasCut = false;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(emit: (text: string, stream: OutputStream) => void) {
    this.#emit = emit;
  }

  add(text: string, stream: OutputStream): void {
    if (text === "" || this.#wasCut || this.#isClosed) return;
    this.#wasCut = text.length > this.#left;
    const kept = this.#wasCut ? `${cut(text, this.#left)}\n[cut: no more output is shown]` : text;
    this.#left -= Math.min(text.length, this.#left);
    const last = this.#parts.at(-1);
    if (last?.stream === stream) last.text += kept;
    else this.#parts.push({ text: kept, stream });
    this.#timer ??= setTimeout(() => this.flush(), intervalMs);
  }

  /** Emits what was gathered, and drops what comes later: the attempt is over. */
  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  /** Emits what was gathered, without the secrets of this process. */
  flush(): void {
    if (this.#parts.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { text, stream } of this.#parts.splice(0)) {
      for (let rest = redact(text); rest !== ""; ) {
        const piece = cut(rest, maxEventLength);
        rest = rest.slice(piece.length);
        this.#emit(piece, stream);
      }
    }
  }
}

/** The first `length` characters, or one less to keep a surrogate pair whole. */
function cut(text: string, length: number): string {
  const code = text.charCodeAt(length - 1);
  const divides = text.length > length && code >= 0xd800 && code <= 0xdbff;
  return text.slice(0, divides ? length - 1 : length);
}

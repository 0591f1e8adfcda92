/** One message of an event stream. */
export interface ServerSentEvent {
  /** `message` when the stream names no type. */
  readonly event: string;
  readonly data: string;
  /** The message's id, or that of the last one before it that had one; empty before the first. */
  readonly id: string;
}

/**
 * An incremental parser of `text/event-stream`, as the HTML standard specifies it ("Interpreting an event stream").
 * A chunk may end anywhere, also inside a character or between the CR and the LF of a line end. A message whose blank
 * line does not come is never dispatched.
 */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  /** A line whose end has not come yet. */
  #line = "";
  #isAfterCr = false;
  #event = "";
  /** Undefined until the message has a `data` field. */
  #data: string | undefined;
  #id = "";
  #retryMs: number | undefined;

  /** How long the server asks clients to wait before they connect again, in ms; undefined until it says so. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Takes in the next bytes and returns the messages that they complete. */
  push(chunk: Uint8Array): ServerSentEvent[] {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === "") return [];
    // The CR at the end of the chunk before has ended its line already.
    if (this.#isAfterCr && text.startsWith("\n")) text = text.slice(1);
    this.#isAfterCr = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop()!;
    return lines.map((line) => this.#take(line)).filter((message) => message !== undefined);
  }

  #take(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.#retryMs = Number(value);
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const data = this.#data;
    const event = this.#event || "message";
    this.#data = undefined;
    this.#event = "";
    return data === undefined ? undefined : { event, data, id: this.#id };
  }
}

/**
 * The messages of a response's body. Leaving the loop ends the connection.
 * @param heard called whenever bytes have come
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  { parser = new EventStreamParser(), heard = () => {} }: { parser?: EventStreamParser; heard?: () => void } = {},
): AsyncGenerator<ServerSentEvent> {
  // Not every browser can iterate over a stream.
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      for (const message of parser.push(value)) yield message;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

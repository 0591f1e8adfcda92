import { SmithersError } from "../errors/index.ts";
import { EventStreamParser, readEventStream, type ServerSentEvent } from "./event-stream.ts";
import type { Http, RequestOptions } from "./http.ts";

export interface ConnectOptions extends RequestOptions {
  /** How long nothing may come, not even a keep-alive comment, before the connection counts as broken; in ms. */
  readonly silenceMs: number;
}

/** One connection to an event stream, from the response's head to its end. */
export class EventConnection {
  /** The number of the run's last event when the server answered; undefined when the server does not say. */
  readonly lastSeq: number | undefined;
  readonly #body: ReadableStream<Uint8Array>;
  readonly #parser = new EventStreamParser();
  readonly #watch: Watch;

  private constructor(response: Response, watch: Watch) {
    const told = response.headers.get("X-Last-Seq");
    this.lastSeq = told === null ? undefined : Number(told);
    this.#body = response.body!;
    this.#watch = watch;
  }

  /**
   * Connects to a stream; undefined when the server has nothing more to send (204).
   * @throws what {@link Http.send} throws
   */
  static async open(
    http: Http,
    path: string,
    { silenceMs, signal, ...options }: ConnectOptions,
  ): Promise<EventConnection | undefined> {
    signal?.throwIfAborted();
    const watch = new Watch(silenceMs, signal);
    try {
      const response = await http.send("GET", path, { ...options, signal: watch.signal });
      if (response.status !== 204) return new EventConnection(response, watch);
      watch.end();
      return undefined;
    } catch (error) {
      watch.end();
      throw error;
    }
  }

  /** How long the server asks clients to wait before they connect again, in ms; undefined until it says so. */
  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  /** The stream's messages, until the server closes it or the connection breaks. @throws the reader's abort reason */
  async *messages(): AsyncGenerator<ServerSentEvent> {
    try {
      yield* readEventStream(this.#body, { parser: this.#parser, heard: () => this.#watch.heard() });
    } catch {
      this.#watch.throwIfLeft();
    } finally {
      this.close();
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#watch.end();
  }
}

/** Aborts a connection when its reader leaves, or when nothing has come for too long. */
class Watch {
  readonly #connection = new AbortController();
  readonly #reader: AbortSignal | undefined;
  readonly #silenceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(silenceMs: number, reader: AbortSignal | undefined) {
    this.#silenceMs = silenceMs;
    this.#reader = reader;
    // A listener that is removed again: AbortSignal.any would grow a signal that outlives many connections.
    reader?.addEventListener("abort", this.#leave);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const message = `Nothing has come for ${this.#silenceMs} ms.`;
      this.#connection.abort(new SmithersError("CONNECTION_FAILED", message));
    }, this.#silenceMs);
  }

  throwIfLeft(): void {
    this.#reader?.throwIfAborted();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#reader?.removeEventListener("abort", this.#leave);
    this.#connection.abort();
  }

  readonly #leave = () => this.#connection.abort(this.#reader?.reason);
}

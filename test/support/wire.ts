import { readEventStream, type ServerSentEvent } from "../../src/client/event-stream.ts";

/** A response that has been read; `body` is parsed when it is JSON. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/**
 * Requests as they go over the wire, for what the package's client does not do: it sends no wrong body or header,
 * turns statuses and headers into results and errors, connects again when a connection breaks, and has no calls for
 * `/health`, `/metrics` and the routes of a served run.
 */
export class Wire {
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Record<string, string>;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, "");
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Every request of a test passes here, those of the package's client too. */
  fetch(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init);
  }

  /** A response whose body is still to be read. A string and bytes are sent as they are, anything else as JSON. */
  send(
    method: string,
    path: string,
    { body, headers, signal }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return this.fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined || isRaw(body) ? body : JSON.stringify(body),
      redirect: "manual",
      signal,
    });
  }

  async request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<any>> {
    return read(await this.send(method, path, { body, headers }));
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer<any>> {
    return this.request("GET", path, undefined, headers);
  }

  post(path: string, body: unknown = {}, headers?: Record<string, string>): Promise<Answer<any>> {
    return this.request("POST", path, body, headers);
  }

  /** The messages of one connection to an event stream, until the server closes it or the caller leaves the loop. */
  async *messages(path: string, headers?: Record<string, string>): AsyncGenerator<ServerSentEvent> {
    const leave = new AbortController();
    const response = await this.send("GET", path, { headers, signal: leave.signal });
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    try {
      yield* readEventStream(response.body!);
    } finally {
      leave.abort();
    }
  }
}

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === "string" || body instanceof Uint8Array;

/** Reads a response to its end. */
export async function read(response: Response): Promise<Answer<any>> {
  const text = await response.text();
  const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

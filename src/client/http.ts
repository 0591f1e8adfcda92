import { fromWire, SmithersError } from "../errors/index.ts";

export interface ClientOptions {
  /** The server's address, as `http://localhost:7331`; a path prefix is kept. */
  readonly url: string;
  /** Sent as `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The path of a run. */
export const runPath = (runId: string) => `/v1/runs/${encodeURIComponent(runId)}`;

/** Sends requests to one server, and turns what goes wrong into `SmithersError`. */
export class Http {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: NonNullable<ClientOptions["fetch"]>;

  /** @throws INVALID_OPTIONS when `url` is not an http address */
  constructor({ url, token, headers, fetch = (...request) => globalThis.fetch(...request) }: ClientOptions) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw new SmithersError("INVALID_OPTIONS", `The url "${url}" is not an http address.`);
    }
    this.#url = url.replace(/\/+$/, "");
    this.#headers = { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
    this.#fetch = fetch;
  }

  /** The JSON of a 2xx response to a GET. @throws what {@link Http.send} throws */
  async get<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.json<Answer>(await this.send("GET", path, options), options.signal);
  }

  /** The JSON of a 2xx response to a POST. @throws what {@link Http.send} throws */
  async post<Answer>(path: string, body: unknown = {}, options: RequestOptions = {}): Promise<Answer> {
    return this.json<Answer>(await this.send("POST", path, { ...options, body }), options.signal);
  }

  /**
   * A response of status 2xx.
   * @throws SmithersError with the server's code, status and details; CONNECTION_FAILED when no server answers, or
   *   one that is not a Smithers server; the signal's reason
   */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { query = {}, body, headers, signal } = options;
    // Called as a plain function: a browser's fetch refuses to be a method.
    const fetch = this.#fetch;
    let response: Response;
    try {
      response = await fetch(this.#url + path + searchOf(query), {
        method,
        headers: {
          ...this.#headers,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (cause) {
      throw this.#broken(cause, signal);
    }
    if (response.ok) return response;
    throw await this.#errorOf(response);
  }

  /** @throws CONNECTION_FAILED when the connection breaks, or the body is not JSON; the signal's reason */
  async json<Answer>(response: Response, signal?: AbortSignal): Promise<Answer> {
    let text: string;
    try {
      text = await response.text();
    } catch (cause) {
      throw this.#broken(cause, signal);
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.foreign(response.status, cause);
    }
  }

  /** What answers is not a Smithers server, as a proxy whose server is away. */
  foreign(status: number, cause?: unknown): SmithersError {
    const message = `${this.#url} answers ${status}, and not as a Smithers server does.`;
    return new SmithersError("CONNECTION_FAILED", message, { details: { status }, cause });
  }

  /** Why a request or its answer has not come through. */
  #broken(cause: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    return new SmithersError("CONNECTION_FAILED", `No server answers at ${this.#url}.`, { cause });
  }

  async #errorOf(response: Response): Promise<SmithersError> {
    const sent: unknown = await response.json().catch(() => undefined);
    return fromWire(sent, response.status) ?? this.foreign(response.status);
  }
}

function searchOf(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

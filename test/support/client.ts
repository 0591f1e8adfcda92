import type { NodeItem, RunDetail } from "../../src/api/index.ts";
import { readEventStream } from "../../src/client/event-stream.ts";
import type { SmithersEvent } from "../../src/model/index.ts";

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly details: unknown };
}

export interface Message {
  readonly id: number;
  readonly event: SmithersEvent;
}

/** What a user of the HTTP API does, as short as a test wants it. */
export class Client {
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Record<string, string>;

  constructor(url: string, token?: string) {
    this.url = url;
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<any>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer<any>> {
    return this.request("GET", path, undefined, headers);
  }

  post(path: string, body: unknown = {}, headers?: Record<string, string>): Promise<Answer<any>> {
    return this.request("POST", path, body, headers);
  }

  /** Starts a run and gives its id; fails on anything but 200. */
  async start(workflowPath: string, input: unknown = {}, more: Record<string, unknown> = {}): Promise<string> {
    const { status, body } = await this.post("/v1/runs", { workflowPath, input, ...more });
    if (status !== 200) throw new Error(`POST /v1/runs answered ${status}: ${JSON.stringify(body)}`);
    return body.runId;
  }

  async run(runId: string): Promise<RunDetail> {
    return (await this.get(`/v1/runs/${runId}`)).body;
  }

  async nodes(runId: string): Promise<NodeItem[]> {
    return (await this.get(`/v1/runs/${runId}/nodes`)).body;
  }

  /** A run's events as one connection gives them, until the stream closes or the caller leaves the loop. */
  async *events(
    runId: string,
    { afterSeq, headers = {} }: { afterSeq?: number; headers?: Record<string, string> } = {},
  ) {
    const leave = new AbortController();
    const query = afterSeq === undefined ? "" : `?afterSeq=${afterSeq}`;
    const response = await fetch(`${this.url}/v1/runs/${runId}/events${query}`, {
      headers: { ...this.headers, ...headers },
      signal: leave.signal,
    });
    if (response.status !== 200)
      throw new Error(`The event stream answered ${response.status}: ${await response.text()}`);
    try {
      for await (const { id, data } of readEventStream(response.body!)) {
        yield { id: Number(id), event: JSON.parse(data) } as Message;
      }
    } finally {
      leave.abort();
    }
  }

  /** The first event that fits, stored or to come. */
  async until(runId: string, fits: (event: SmithersEvent) => boolean, afterSeq?: number): Promise<Message> {
    for await (const message of this.events(runId, { afterSeq })) if (fits(message.event)) return message;
    throw new Error(`The run ${runId} ended before the event came.`);
  }

  /** Waits until the run's stream closes, and reads the run. */
  async end(runId: string): Promise<RunDetail> {
    for await (const _ of this.events(runId));
    return this.run(runId);
  }

  /** Starts a run and waits for its end. */
  async complete(workflowPath: string, input: unknown = {}, more: Record<string, unknown> = {}): Promise<RunDetail> {
    return this.end(await this.start(workflowPath, input, more));
  }
}

import { EventStreamParser } from "../src/client/event-stream.ts";
import { Http, runPath } from "../src/client/http.ts";

/** An event, and when it was read, in milliseconds since the epoch, with fractions. */
export interface Received {
  readonly type: string;
  readonly nodeId?: string;
  readonly iteration?: number;
  readonly attempt?: number;
  readonly status?: string;
  readonly timestampMs: number;
  readonly receivedMs: number;
}

/** Longer than any measurement: a server that does not answer ends the benchmark with an error. */
const patienceMs = 120_000;

export const nowMs = () => performance.timeOrigin + performance.now();

/**
 * Talks to a server only through the HTTP contract, so that any compatible server can be measured. Requests and events
 * go through the transport of the package's client, and not through its calls: a start that is tried again, and a
 * stream that connects again, would hide what is measured.
 */
export class Client {
  readonly url: string;
  readonly #http: Http;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/$/, "");
    this.#http = new Http({ url, token });
  }

  get<T>(path: string): Promise<T> {
    return this.#http.get(path, { signal: AbortSignal.timeout(patienceMs) });
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#http.post(path, body, { signal: AbortSignal.timeout(patienceMs) });
  }

  /** The bytes of an answer, which are not parsed. */
  async bytes(path: string): Promise<Uint8Array> {
    const answer = await this.#http.send("GET", path, { signal: AbortSignal.timeout(patienceMs) });
    return answer.bytes();
  }

  async start(workflowPath: string, input: unknown = {}): Promise<string> {
    // The default of 4 attempts at once would measure waiting.
    const config = { maxConcurrency: 10_000 };
    return (await this.post<{ runId: string }>("/v1/runs", { workflowPath, input, config })).runId;
  }

  /** A run's events as they arrive, until the stream closes or the caller leaves the loop. */
  async *events(runId: string, onOpen = () => {}): AsyncGenerator<Received> {
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(patienceMs)]);
    const response = await this.#http.send("GET", `${runPath(runId)}/events`, { signal });
    onOpen();
    try {
      const parser = new EventStreamParser();
      for await (const chunk of response.body!) {
        const receivedMs = nowMs();
        for (const { data } of parser.push(chunk)) yield { ...JSON.parse(data), receivedMs };
      }
    } finally {
      leave.abort();
    }
  }

  /** Reads the run's stream until an event matches. */
  async until(runId: string, fits: (event: Received) => boolean): Promise<Received> {
    let last: Received | undefined;
    for await (const event of this.events(runId)) {
      if (fits(event)) return event;
      last = event;
    }
    throw new Error(`The stream of the run ${runId} ended with ${last?.type ?? "no event"}.`);
  }

  /** Reads the run's stream until the server ends it, so that the connection can be reused. */
  async finished(runId: string): Promise<Received> {
    let last: Received | undefined;
    for await (const event of this.events(runId)) last = event;
    if (last?.type === "RunFinished") return last;
    throw new Error(`The stream of the run ${runId} ended with ${last?.type ?? "no event"}.`);
  }

  /** Starts a run and reads its events to the end. Returns the elapsed milliseconds. */
  async complete(workflowPath: string, input: unknown = {}): Promise<number> {
    const beginMs = nowMs();
    return (await this.finished(await this.start(workflowPath, input))).receivedMs - beginMs;
  }
}

/** Calls `work` `count` times, at most `width` at once. */
export async function inFlight<T>(count: number, width: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) results[n] = await work(n);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return results;
}

import type { Feed } from "../engine/index.ts";
import { isSmithersError } from "../errors/index.ts";
import { isLastEvent, isTerminalEvent, type StoredEvent } from "../model/index.ts";
import { isLogEnd } from "../runs/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { keepAliveLine, keepAliveMs, retryLine } from "./http/answer-stream.ts";
import type { StreamSink, StreamSource } from "./http/stream-source.ts";

/** Approximate size of a chunk of events, in characters: the memory that a reader costs when it stops reading. */
const chunkLength = 65_536;
const largestPage = 256;
/** How long a reader waits before it reads again from a database that was away, in ms. */
const unavailablePauseMs = 500;

/** Which events a stream has, and where it finds them. */
export interface EventStreamSource {
  readonly runId: string;
  /** The number of the last event that the stream leaves out. */
  readonly afterSeq: number;
  readonly store: Store;
  readonly feed: Feed;
  /** Ends the stream. */
  readonly closing: AbortSignal;
  readonly telemetry: Telemetry | undefined;
}

/**
 * A run's events as server-sent events: stored ones first, then new ones as they are committed. Ends with the terminal
 * event.
 */
export function eventStream(source: EventStreamSource): StreamSource {
  return new EventReader(source);
}

/**
 * One reader's position in a run's events. A reader that keeps up gets committed events directly, encoded once for all
 * readers. A reader that lags behind reads pages from the store, whenever it has room.
 */
class EventReader implements StreamSource {
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #runId: string;
  readonly #closing: AbortSignal;
  readonly #telemetry: Telemetry | undefined;
  #seq: number;
  /** Whether the store may have unread events. */
  #behind = true;
  /**
   * Whether the last read event is known not to be terminal. The run then continues, and the store need not be asked.
   */
  #knownToContinue = false;
  /** Whether the run's last event was read: nothing can follow it. */
  #isOver = false;
  #pageSize = 64;
  #begun = false;
  #left = false;
  /** Set while the reader waits for new events. */
  #wake: ((events?: readonly StoredEvent[]) => void) | undefined;
  #stop = () => {};

  constructor({ runId, afterSeq, store, feed, closing, telemetry }: EventStreamSource) {
    this.#store = store;
    this.#feed = feed;
    this.#runId = runId;
    this.#seq = afterSeq;
    this.#closing = closing;
    this.#telemetry = telemetry;
  }

  async pull(sink: StreamSink): Promise<void> {
    if (!this.#begun) return this.#begin(sink);
    try {
      const chunk = await this.#next();
      if (this.#left) return;
      if (chunk) return this.#send(sink, chunk);
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#stop();
    sink.end();
  }

  leave(): void {
    this.#left = true;
    this.#stop();
  }

  #begin(sink: StreamSink): void {
    this.#begun = true;
    this.#telemetry?.eventStreamOpened();
    const unfollow = this.#feed.follow(this.#runId, {
      committed: (events) => this.#take(events),
      changedElsewhere: () => this.#readFromStore(),
    });
    const keepAlive = setInterval(() => {
      // One unread keep-alive is enough.
      if (this.#wake && sink.hasRoom) sink.send(encoder.encode(keepAliveLine));
    }, keepAliveMs);
    const wake = () => this.#wake?.();
    this.#closing.addEventListener("abort", wake);
    this.#stop = () => {
      this.#stop = () => {};
      this.#telemetry?.eventStreamClosed();
      unfollow();
      clearInterval(keepAlive);
      this.#closing.removeEventListener("abort", wake);
      wake();
    };
    const known = this.#recentPage() ?? [];
    if (known.length > 0) this.#took(known);
    this.#send(sink, encoder.encode(retryLine + textOf(known)));
  }

  /** Sends a chunk, and ends the stream if it has the run's last event. */
  #send(sink: StreamSink, chunk: Uint8Array): void {
    if (this.#isOver) this.#stop();
    sink.send(chunk, this.#isOver);
  }

  /** Sends committed events directly when they are the next ones; otherwise the reader reads from the store. */
  #take(events: readonly StoredEvent[]): void {
    const last = events.at(-1);
    if (this.#knownToContinue && last && last.seq <= this.#seq) return;
    if (this.#wake && events[0]?.seq === this.#seq + 1 && encoded(events)) return this.#wake(events);
    this.#readFromStore();
  }

  /** Makes the reader read from the store, which may have events that it lacks. */
  #readFromStore(): void {
    this.#behind = true;
    this.#wake?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    while (!this.#closing.aborted && !this.#left && !this.#isOver) {
      const events = await this.#read();
      if (events && events.length > 0) {
        this.#took(events);
        return encoded(events) ?? encode(events);
      }
      if (!this.#behind && (await this.#hasEnded())) return undefined;
    }
    return undefined;
  }

  /** Notes that these events are sent next. */
  #took(events: readonly StoredEvent[]): void {
    const { seq, type } = events.at(-1)!;
    this.#seq = seq;
    this.#isOver = isLastEvent(type);
    // A failed run that is resumed has further events, so the store decides whether this was the last one.
    const mayBeOver = isTerminalEvent(type);
    this.#knownToContinue = !mayBeOver;
    this.#behind ||= mayBeOver;
    this.#telemetry?.eventsSent(events.length);
  }

  /** The next events; undefined or none when there may be some later. */
  async #read(): Promise<readonly StoredEvent[] | undefined> {
    if (!this.#behind) return this.#committed();
    return this.#whenAvailable(() => this.#readPage());
  }

  async #hasEnded(): Promise<boolean> {
    if (this.#knownToContinue) return false;
    return (await this.#whenAvailable(() => isLogEnd(this.#store, this.#runId, this.#seq))) ?? false;
  }

  /** Reads from the store. While the database is away, the reader waits, and then reads again. */
  async #whenAvailable<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isSmithersError(error) || error.status !== 503) throw error;
      this.#behind = true;
      await this.#pause();
      return undefined;
    }
  }

  /** Waits for a while; less when something is committed, or the reader leaves. */
  async #pause(): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), unavailablePauseMs);
    await this.#committed();
    clearTimeout(timer);
  }

  #committed(): Promise<readonly StoredEvent[] | undefined> {
    return new Promise((resolve) => {
      this.#wake = (events) => {
        this.#wake = undefined;
        resolve(events);
      };
    });
  }

  async #readPage(): Promise<readonly StoredEvent[]> {
    const recent = this.#recentPage();
    if (recent) return recent;
    // Must come before the read: a commit during the read sets it again.
    this.#behind = false;
    return this.#fitting(await this.#store.eventsAfter(this.#runId, this.#seq, this.#pageSize));
  }

  /** The next events, if they were committed a moment ago; undefined when the store must be asked. */
  #recentPage(): readonly StoredEvent[] | undefined {
    const page = this.#feed.recent.after(this.#runId, this.#seq, this.#pageSize);
    if (!page) return undefined;
    this.#behind = false;
    return this.#fitting(page);
  }

  /** The events of a page that fit into one chunk. */
  #fitting(page: readonly StoredEvent[]): readonly StoredEvent[] {
    const { count, length } = fitIntoChunk(page);
    if (count < page.length || page.length === this.#pageSize) this.#behind = true;
    if (count < page.length) this.#pageSize = count;
    else if (length < chunkLength / 2) this.#pageSize = Math.min(this.#pageSize * 2, largestPage);
    return page.slice(0, count);
  }
}

const encoder = new TextEncoder();

function textOf(events: readonly StoredEvent[]): string {
  return events.map(({ seq, json }) => `id: ${seq}\nevent: smithers\ndata: ${json}\n\n`).join("");
}

function encode(events: readonly StoredEvent[]): Uint8Array {
  return encoder.encode(textOf(events));
}

/** Encoded events of a turn, shared by its readers. */
const shared = new WeakMap<readonly StoredEvent[], Uint8Array>();

/** The encoded text of events from the feed, made once; undefined when they do not fit into one chunk. */
function encoded(events: readonly StoredEvent[]): Uint8Array | undefined {
  const known = shared.get(events);
  if (known || fitIntoChunk(events).count < events.length) return known;
  const chunk = encode(events);
  shared.set(events, chunk);
  return chunk;
}

/** How many of the first events fit into one chunk (at least one), and their length. */
function fitIntoChunk(events: readonly StoredEvent[]): { count: number; length: number } {
  let length = 0;
  for (const [count, { json }] of events.entries()) {
    if (count > 0 && length + json.length > chunkLength) return { count, length };
    length += json.length;
  }
  return { count: events.length, length };
}

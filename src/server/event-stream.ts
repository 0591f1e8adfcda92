import type { Feed } from "../engine/index.ts";
import { isTerminalEvent, type StoredEvent } from "../model/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";

const keepAliveMs = 10_000;
/** How long a browser waits before it connects again. */
const retryMs = 1_000;
/** Events are handed on in chunks of about this many characters: what a reader that stops reading costs. */
const chunkLength = 65_536;
const largestPage = 256;

/**
 * A run's events as server-sent events, from after `afterSeq` on: those that are stored, then each as it is
 * committed, until the terminal one, or `closing`. Nothing is held, and nobody is followed, before it is read.
 */
export function eventStream(
  store: Store,
  feed: Feed,
  runId: string,
  afterSeq: number,
  closing: AbortSignal,
  telemetry?: Telemetry,
): ReadableStream<Uint8Array> {
  const reader = new EventReader(store, feed, runId, afterSeq, closing, telemetry);
  return new ReadableStream<Uint8Array>(
    { pull: (controller) => reader.pull(controller), cancel: () => reader.leave() },
    // Nothing ahead of the reader: what it does not ask for stays in the store.
    { highWaterMark: 0 },
  );
}

/**
 * One reader's place in a run's log. One that keeps up is handed what was just committed, encoded once for all
 * readers; one that lags behind reads on from the store, a page at a time, whenever it has room.
 */
class EventReader {
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #runId: string;
  readonly #closing: AbortSignal;
  readonly #telemetry: Telemetry | undefined;
  #seq: number;
  /** Whether the store may have events that were not read yet. */
  #behind = true;
  /** Whether the event at its place was seen and is not terminal: then the run goes on, and no need to look. */
  #knowsPlace = false;
  #pageSize = 64;
  #begun = false;
  #left = false;
  /** Set while the reader waits for what comes next. */
  #wake: ((events?: readonly StoredEvent[]) => void) | undefined;
  #stop = () => {};

  constructor(
    store: Store,
    feed: Feed,
    runId: string,
    afterSeq: number,
    closing: AbortSignal,
    telemetry: Telemetry | undefined,
  ) {
    this.#store = store;
    this.#feed = feed;
    this.#runId = runId;
    this.#seq = afterSeq;
    this.#closing = closing;
    this.#telemetry = telemetry;
  }

  /** Hands on the next chunk, once there is one, or closes. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (!this.#begun) return this.#begin(controller);
    try {
      const chunk = await this.#next();
      if (this.#left) return;
      if (chunk) return controller.enqueue(chunk);
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#stop();
    controller.close();
  }

  leave(): void {
    this.#left = true;
    this.#stop();
  }

  #begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#begun = true;
    this.#telemetry?.eventStreamOpened();
    const unfollow = this.#feed.follow(this.#runId, {
      committed: (events) => this.#take(events),
      changedElsewhere: () => this.#lookAgain(),
    });
    const keepAlive = setInterval(() => {
      // One that is not read yet is enough.
      if (this.#wake && controller.desiredSize === 0) controller.enqueue(encoder.encode(": keep-alive\n\n"));
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
    controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
  }

  /** Hands on what was just committed when it comes next; otherwise the reader reads on from the store. */
  #take(events: readonly StoredEvent[]): void {
    const last = events.at(-1);
    if (this.#knowsPlace && last && last.seq <= this.#seq) return;
    if (this.#wake && events[0]?.seq === this.#seq + 1 && encoded(events)) return this.#wake(events);
    this.#lookAgain();
  }

  /** Reads on from the store: it may have events that the reader lacks. */
  #lookAgain(): void {
    this.#behind = true;
    this.#wake?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    while (!this.#closing.aborted && !this.#left) {
      const events = this.#behind ? await this.#readPage() : await this.#committed();
      const last = events?.at(-1);
      if (events && last) {
        this.#seq = last.seq;
        // A failed run that was resumed has events after a terminal one: the store is asked whether that was the last.
        const mayBeOver = isTerminalEvent(last.type);
        this.#knowsPlace = !mayBeOver;
        this.#behind ||= mayBeOver;
        this.#telemetry?.eventsSent(events.length);
        return encoded(events) ?? encode(events);
      }
      if (!this.#knowsPlace && !this.#behind && (await this.#isOver())) return undefined;
    }
    return undefined;
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
    // Before the store is read: what is committed meanwhile raises it again.
    this.#behind = false;
    const page = await this.#store.eventsAfter(this.#runId, this.#seq, this.#pageSize);
    const { count, length } = fitting(page);
    if (count < page.length || page.length === this.#pageSize) this.#behind = true;
    if (count < page.length) this.#pageSize = count;
    else if (length < chunkLength / 2) this.#pageSize = Math.min(this.#pageSize * 2, largestPage);
    return page.slice(0, count);
  }

  /** Whether the last event is a terminal one that the reader has seen, or does not want to see. */
  async #isOver(): Promise<boolean> {
    const last = await this.#store.lastEvent(this.#runId);
    return last !== undefined && last.seq <= this.#seq && isTerminalEvent(last.type);
  }
}

const encoder = new TextEncoder();

function encode(events: readonly StoredEvent[]): Uint8Array {
  return encoder.encode(events.map(({ seq, json }) => `id: ${seq}\nevent: smithers\ndata: ${json}\n\n`).join(""));
}

/** What a turn has committed, as it goes to each of its readers. */
const shared = new WeakMap<readonly StoredEvent[], Uint8Array>();

/** The text of events that were handed on by the feed, made once; nothing when it is too long for one chunk. */
function encoded(events: readonly StoredEvent[]): Uint8Array | undefined {
  const known = shared.get(events);
  if (known || fitting(events).count < events.length) return known;
  const chunk = encode(events);
  shared.set(events, chunk);
  return chunk;
}

/** How many of the first events make one chunk, at least one, and how long they are. */
function fitting(events: readonly StoredEvent[]): { count: number; length: number } {
  let length = 0;
  for (const [count, { json }] of events.entries()) {
    if (count > 0 && length + json.length > chunkLength) return { count, length };
    length += json.length;
  }
  return { count: events.length, length };
}

import type { Feed } from "../engine/index.ts";
import { isTerminalEvent, type StoredEvent } from "../model/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";

const keepAliveMs = 10_000;
/** How long a browser waits before it connects again. */
const retryMs = 1_000;
/** Events read and written at a time: what a reader that stops reading costs. */
const pageSize = 256;

/**
 * A run's events as server-sent events, from after `afterSeq` on: those that are stored, then each as it is
 * committed, until the terminal one, or `closing`. Every page is read from the store when the reader has room for it, so
 * a slow reader costs one page and misses nothing.
 */
export function eventStream(
  store: Store,
  feed: Feed,
  runId: string,
  afterSeq: number,
  closing: AbortSignal,
  telemetry?: Telemetry,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let seq = afterSeq;
  let news = Promise.withResolvers<void>();
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  let unfollow = () => {};
  let left = false;
  let open = true;
  const close = () => {
    if (open) telemetry?.eventStreamClosed();
    open = false;
    clearInterval(keepAlive);
    unfollow();
    closing.removeEventListener("abort", close);
    news.resolve();
  };

  /** Writes the next page, once there is one; tells whether there may be more. */
  const fill = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    while (!closing.aborted && !left) {
      // Renewed before the store is read: what is committed meanwhile is not waited for in vain.
      news = Promise.withResolvers<void>();
      const page = await store.eventsAfter(runId, seq, pageSize);
      if (left) return false;
      const last = page.at(-1);
      if (last) {
        seq = last.seq;
        controller.enqueue(encoder.encode(page.map(toText).join("")));
        telemetry?.eventsSent(page.length);
        if (!isTerminalEvent(last.type)) return true;
      } else if (!(await hasEndedAt(store, runId, seq))) {
        await news.promise;
        continue;
      }
      // A failed run that was resumed has events after a terminal one.
      return (await store.eventsAfter(runId, seq, 1)).length > 0;
    }
    return false;
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        telemetry?.eventStreamOpened();
        controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
        unfollow = feed.follow(runId, () => news.resolve());
        closing.addEventListener("abort", close);
        keepAlive = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": keep-alive\n\n"));
        }, keepAliveMs);
      },
      async pull(controller) {
        try {
          if (await fill(controller)) return;
        } catch (error) {
          close();
          throw error;
        }
        close();
        if (!left) controller.close();
      },
      cancel() {
        left = true;
        close();
      },
    },
    { highWaterMark: 1 },
  );
}

function toText({ seq, json }: StoredEvent): string {
  return `id: ${seq}\nevent: smithers\ndata: ${json}\n\n`;
}

/** Whether the last event, which the reader has seen already, was the terminal one. */
async function hasEndedAt(store: Store, runId: string, seq: number): Promise<boolean> {
  const last = await store.lastEvent(runId);
  return last !== undefined && last.seq <= seq && isTerminalEvent(last.type);
}

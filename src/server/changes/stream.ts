import type { Telemetry } from "../../telemetry/index.ts";
import { keepAliveLine, keepAliveMs, retryLine } from "../http/answer-stream.ts";
import type { StreamSink, StreamSource } from "../http/stream-source.ts";
import type { ChangeHub, Changes } from "./hub.ts";

/** How many runs may wait for a slow reader. A reader that lags further behind is cut off, and reads the lists again. */
const maxUnread = 2_000;

const encoder = new TextEncoder();
/** The encoded messages of a call of the hub, shared by all readers. */
const encodedRuns = new WeakMap<object, string>();

/**
 * What changes in the lists of runs and approvals, as server-sent events. Of a run that a slow reader has not read, only
 * the latest item is kept. Ends when `closing` aborts.
 */
export function changeStream(hub: ChangeHub, closing: AbortSignal, telemetry: Telemetry): StreamSource {
  const unread = new UnreadChanges();
  let isOver = false;
  /** Set while the reader waits for a change. */
  let wake: (() => void) | undefined;
  let stop = () => {};

  const take = (changes: Changes) => {
    unread.add(changes);
    if (unread.size > maxUnread) end();
    wake?.();
  };
  const end = () => {
    isOver = true;
    stop();
    wake?.();
  };
  const begin = (sink: StreamSink) => {
    telemetry.eventStreamOpened();
    const unlisten = hub.listen(take);
    const keepAlive = setInterval(() => {
      // One unread keep-alive is enough.
      if (wake && sink.hasRoom) sink.send(encoder.encode(keepAliveLine));
    }, keepAliveMs);
    closing.addEventListener("abort", end);
    stop = () => {
      stop = () => {};
      unlisten();
      clearInterval(keepAlive);
      closing.removeEventListener("abort", end);
      telemetry.eventStreamClosed();
    };
    sink.send(encoder.encode(retryLine));
    if (closing.aborted) end();
  };

  let hasBegun = false;
  return {
    async pull(sink) {
      if (!hasBegun) {
        hasBegun = true;
        return begin(sink);
      }
      if (unread.size === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      if (isOver) return sink.end();
      sink.send(encoder.encode(unread.take()));
    },
    leave: end,
  };
}

/** No run has this id. */
const approvalsKey = " approvals";

/** Messages that a reader has not read, by what they tell of. */
class UnreadChanges {
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#texts.size;
  }

  add({ runs, approvals }: Changes): void {
    for (const item of runs) {
      // Deleted first: what has changed last is told last.
      this.#texts.delete(item.runId);
      this.#texts.set(item.runId, textOf(item));
    }
    if (approvals) this.#texts.set(approvalsKey, "event: approvals\ndata: {}\n\n");
  }

  take(): string {
    const text = [...this.#texts.values()].join("");
    this.#texts.clear();
    return text;
  }
}

function textOf(item: Changes["runs"][number]): string {
  let text = encodedRuns.get(item);
  if (text === undefined) {
    text = `event: run\ndata: ${JSON.stringify(item)}\n\n`;
    encodedRuns.set(item, text);
  }
  return text;
}

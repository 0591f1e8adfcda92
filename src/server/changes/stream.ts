import type { Telemetry } from "../../telemetry/index.ts";
import { keepAliveLine, keepAliveMs, retryLine } from "../http/answer-stream.ts";
import type { ChangeHub, Changes } from "./hub.ts";

/** How many runs may wait for a slow reader. A reader that lags further behind is cut off, and reads the lists again. */
const maxPending = 2_000;

const encoder = new TextEncoder();
/** The encoded messages of a call of the hub, shared by all readers. */
const encodedRuns = new WeakMap<object, string>();

/**
 * What changes in the lists of runs and approvals, as server-sent events. Of a run that a slow reader has not read, only
 * the latest item is kept. Ends when `closing` aborts.
 */
export function changeStream(hub: ChangeHub, closing: AbortSignal, telemetry: Telemetry): ReadableStream<Uint8Array> {
  /** Messages that were not read, by what they tell of. */
  const pending = new Map<string, string>();
  let isOver = false;
  /** Set while the reader waits for a change. */
  let wake: (() => void) | undefined;
  let stop = () => {};

  const take = ({ runs, approvals }: Changes) => {
    for (const item of runs) {
      pending.delete(item.runId);
      pending.set(item.runId, textOf(item));
    }
    if (approvals) pending.set(approvalsKey, "event: approvals\ndata: {}\n\n");
    if (pending.size > maxPending) end();
    wake?.();
  };
  const end = () => {
    isOver = true;
    stop();
    wake?.();
  };
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    telemetry.eventStreamOpened();
    const unlisten = hub.listen(take);
    const keepAlive = setInterval(() => {
      // One unread keep-alive is enough.
      if (wake && controller.desiredSize === 0) controller.enqueue(encoder.encode(keepAliveLine));
    }, keepAliveMs);
    closing.addEventListener("abort", end);
    stop = () => {
      stop = () => {};
      unlisten();
      clearInterval(keepAlive);
      closing.removeEventListener("abort", end);
      telemetry.eventStreamClosed();
    };
    controller.enqueue(encoder.encode(retryLine));
    if (closing.aborted) end();
  };

  let hasBegun = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!hasBegun) {
          hasBegun = true;
          return begin(controller);
        }
        if (pending.size === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
        if (isOver) return controller.close();
        const text = [...pending.values()].join("");
        pending.clear();
        controller.enqueue(encoder.encode(text));
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** No run has this id. */
const approvalsKey = " approvals";

function textOf(item: Changes["runs"][number]): string {
  let text = encodedRuns.get(item);
  if (text === undefined) {
    text = `event: run\ndata: ${JSON.stringify(item)}\n\n`;
    encodedRuns.set(item, text);
  }
  return text;
}

import type { RunDetail } from "../api/index.ts";
import type { SmithersEvent } from "../model/index.ts";
import { hasEnded, isTerminalEvent } from "../model/run-end.ts";
import { EventConnection } from "./event-connection.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import { type Http, runPath } from "./http.ts";
import { type Persistence, pause, persist } from "./persist.ts";

/** An event, and its number in the run's log. */
export type RunEvent = SmithersEvent & { readonly seq: number };

export interface EventsOptions extends Persistence {
  /** Begins after the event of this number. Default: 0, which gives all events. */
  readonly afterSeq?: number;
  /** Whether to wait for what comes later. Default: true; `false` ends with the last event that is stored now. */
  readonly follow?: boolean;
  /** Ends the reading, which then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Three keep-alive comments of the server may be missed. */
const usualSilenceMs = 30_000;
/** How long to wait before connecting again when the server has not said it. */
const usualRetryMs = 1_000;

/**
 * The events of a run, oldest first, each once: when a connection breaks, another one begins after the last event
 * that came. It ends with the last event of a run that has ended.
 * @param silenceMs how long nothing may come before a connection counts as broken, in ms
 * @param hasAnswered whether the server has answered before; otherwise what is wrong with the first request is thrown
 *   at once
 * @throws RUN_NOT_FOUND and other codes of the server, CONNECTION_FAILED, the signal's reason
 */
export async function* runEvents(
  http: Http,
  runId: string,
  options: EventsOptions = {},
  { silenceMs = usualSilenceMs, hasAnswered = false } = {},
): AsyncGenerator<RunEvent> {
  const { afterSeq = 0, follow = true, signal } = options;
  let seq = afterSeq;
  let lastIsTerminal = false;
  /** Whether the run had ended before the connection was opened. */
  let wasOver = false;
  const connect = () =>
    EventConnection.open(http, `${runPath(runId)}/events`, {
      query: { afterSeq: afterSeq === 0 ? undefined : afterSeq },
      headers: seq === afterSeq ? {} : { "Last-Event-ID": String(seq) },
      signal,
      silenceMs,
    });
  const hasRunEnded = async () => hasEnded((await http.get<RunDetail>(runPath(runId), { signal })).status);

  let connection = await (hasAnswered ? persist(connect, options) : connect());
  for (; connection; connection = await persist(connect, options)) {
    const { lastSeq } = connection;
    const hasStoredOnes = () => seq >= (lastSeq ?? 0);
    const seqBefore = seq;
    try {
      if (!follow && lastSeq === undefined) throw http.foreign(200);
      if (!follow && hasStoredOnes()) return;
      for await (const message of connection.messages()) {
        const event = eventOf(message);
        if (event === undefined || event.seq <= seq) continue;
        seq = event.seq;
        lastIsTerminal = isTerminalEvent(event.type);
        yield event;
        if (!follow && hasStoredOnes()) return;
      }
    } finally {
      connection.close();
    }
    if (hasStoredOnes() && (lastIsTerminal || (wasOver && seq === seqBefore))) return;
    // A server closes a stream without an event when nothing is left to send, and also when it shuts down.
    wasOver = await persist(hasRunEnded, options);
    if (!wasOver || !hasStoredOnes()) await pause(connection.retryMs ?? usualRetryMs, signal);
  }
}

/** The event that a message holds; undefined for a message of another kind. */
function eventOf({ event, id, data }: ServerSentEvent): RunEvent | undefined {
  return event === "smithers" ? { ...(JSON.parse(data) as SmithersEvent), seq: Number(id) } : undefined;
}

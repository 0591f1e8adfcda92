import type { RunListItem } from "../api/index.ts";
import { EventConnection } from "./event-connection.ts";
import type { Http } from "./http.ts";
import { pause, persist } from "./persist.ts";

/**
 * A change in the lists of a server. After `connected`, read the lists again: what happened while there was no
 * connection is not told.
 */
export type Change =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  | { readonly type: "run"; readonly run: RunListItem }
  | { readonly type: "approvals" };

/** Three keep-alive comments of the server may be missed. */
const silenceMs = 30_000;
const usualRetryMs = 1_000;

/**
 * The changes in the lists of a server, until the reader leaves. A broken connection is opened again.
 * @throws UNAUTHORIZED and other codes of the server, CONNECTION_FAILED when no server answers at first, the signal's
 *   reason
 */
export async function* changes(http: Http, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Change> {
  const connect = () => EventConnection.open(http, "/v1/changes", { signal, silenceMs });
  let connection = await connect();
  for (;;) {
    try {
      yield { type: "connected" };
      for await (const { event, data } of connection?.messages() ?? []) {
        // Several messages may have come before the reader left.
        signal?.throwIfAborted();
        if (event === "run") yield { type: "run", run: JSON.parse(data) as RunListItem };
        else if (event === "approvals") yield { type: "approvals" };
      }
    } finally {
      connection?.close();
    }
    yield { type: "disconnected" };
    await pause(connection?.retryMs ?? usualRetryMs, signal);
    connection = await persist(connect, { signal });
  }
}

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Page, RunListItem } from "smithers-orchestrator/client";
import { matches, type RunFilter } from "./run-filter.ts";
import { client, session } from "./session.ts";

export type Connection = "connecting" | "live" | "lost";

let connection: Connection = "connecting";
const listeners = new Set<() => void>();
const runListeners = new Map<string, Set<() => void>>();

function become(next: Connection): void {
  if (connection === next) return;
  connection = next;
  for (const tell of listeners) tell();
}

/** Whether the page hears of changes at once. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => connection,
  );
}

/** Calls `listener` when the run has changed, and after each reconnect. */
export function onRunChange(runId: string, listener: () => void): () => void {
  const all = runListeners.get(runId) ?? new Set();
  runListeners.set(runId, all.add(listener));
  return () => {
    all.delete(listener);
    if (all.size === 0) runListeners.delete(runId);
  };
}

/** Follows the server's changes for the life of the page, and keeps the cached lists current. */
export function followChanges(queries: QueryClient): void {
  let leave = new AbortController();
  session.subscribe(() => {
    if (session.needsToken) return;
    leave.abort();
    leave = new AbortController();
    void follow(queries, leave.signal);
  });
  void follow(queries, leave.signal);
}

async function follow(queries: QueryClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      for await (const change of client().changes({ signal })) {
        if (change.type === "connected") {
          become("live");
          void queries.invalidateQueries();
          for (const all of runListeners.values()) for (const tell of all) tell();
        } else if (change.type === "disconnected") become("lost");
        else if (change.type === "approvals") void queries.invalidateQueries({ queryKey: ["approvals"] });
        else takeRun(queries, change.run);
      }
    } catch (error) {
      if (signal.aborted) return;
      session.note(error);
      if (session.needsToken) return;
      become("lost");
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

type RunPages = InfiniteData<Page<RunListItem>, string | undefined>;

/** Puts a changed run into every cached list that it belongs to, and takes it out of the others. */
function takeRun(queries: QueryClient, run: RunListItem): void {
  queries.setQueryData(["run-item", run.runId], run);
  for (const tell of runListeners.get(run.runId) ?? []) tell();
  for (const [queryKey, data] of queries.getQueriesData<RunPages>({ queryKey: ["runs"] })) {
    if (!data) continue;
    const fits = matches(run, queryKey[1] as RunFilter);
    queries.setQueryData(queryKey, merged(data, run, fits));
  }
}

function merged(data: RunPages, run: RunListItem, fits: boolean): RunPages {
  const at = data.pages.findIndex(({ items }) => items.some(({ runId }) => runId === run.runId));
  if (at === -1) {
    const first = data.pages[0];
    const isNewest = first && (first.items[0] === undefined || run.createdAtMs >= first.items[0].createdAtMs);
    if (!fits || !isNewest) return data;
    return { ...data, pages: [{ ...first, items: [run, ...first.items] }, ...data.pages.slice(1)] };
  }
  const pages = data.pages.map((page, index) => {
    if (index !== at) return page;
    const items = fits
      ? page.items.map((one) => (one.runId === run.runId ? run : one))
      : page.items.filter((one) => one.runId !== run.runId);
    return { ...page, items };
  });
  return { ...data, pages };
}

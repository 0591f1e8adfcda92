import type { Store } from "../../store/index.ts";
import type { Logger } from "../logger.ts";

/** What was removed. */
export interface Pruned {
  readonly runs: number;
  readonly cached: number;
}

/**
 * Removes the runs that ended more than `windowMs` ago, and as old results of the cache, in small transactions
 * between which others write.
 */
export async function prune(store: Store, windowMs: number, stopped: () => boolean = () => false): Promise<Pruned> {
  const beforeMs = Date.now() - windowMs;
  let runs = 0;
  for (let hasMore = true; hasMore && !stopped(); ) {
    const batch = await store.maintenance.pruneBatch(beforeMs);
    runs += batch.runs;
    hasMore = batch.hasMore;
  }
  const cached = await store.maintenance.pruneCache(beforeMs);
  await store.maintenance.giveBackSpace();
  return { runs, cached };
}

const longestPauseMs = 3_600_000;
const shortestPauseMs = 1_000;

/** Prunes a store again and again; returns how to stop. */
export function keepPruned(store: Store, windowMs: number, log: Logger): () => void {
  let stopped = false;
  const pass = () =>
    prune(store, windowMs, () => stopped).catch((error) =>
      log.warn({ err: error }, "Old runs could not be removed; it is tried again."),
    );
  void pass();
  const timer = setInterval(() => void pass(), Math.min(Math.max(windowMs / 10, shortestPauseMs), longestPauseMs));
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

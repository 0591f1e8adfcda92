import type { Store } from "../../store/index.ts";
import type { Logger } from "../logger.ts";

/** How much was removed: runs, and cached results. */
export interface Pruned {
  readonly runs: number;
  readonly cached: number;
}

/**
 * Removes runs that ended more than `windowMs` ago, and cached results of the same age, in small transactions that let
 * other writes in between.
 * @param stopped ends the removal early when it returns true
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

/** Prunes a store periodically; returns how to stop. */
export function keepPruned(store: Store, windowMs: number, log: Logger): () => void {
  let stopped = false;
  const pass = () =>
    prune(store, windowMs, () => stopped).catch((error) =>
      log.warn({ err: error }, "Old runs could not be removed. It will be tried again."),
    );
  void pass();
  const timer = setInterval(() => void pass(), Math.min(Math.max(windowMs / 10, shortestPauseMs), longestPauseMs));
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

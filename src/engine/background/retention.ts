import { SmithersError } from "../../errors/index.ts";
import { moment } from "../../runtime/index.ts";
import type { Store } from "../../store/index.ts";
import type { Logger } from "../logger.ts";
import { judgeClock, jumpBetween } from "./clock-judge.ts";

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

/**
 * Refuses to remove anything while the wall clock has certainly jumped since a server noted it: by the steady clock,
 * less or more time has passed.
 * @throws CLOCK_JUMPED
 */
export async function refuseAfterJump(store: Store): Promise<void> {
  const now = moment();
  const { believed } = await store.maintenance.seenClocks();
  if (believed === null || believed.steadyClock !== now.steadyClock) return;
  const jumpMs = jumpBetween(believed, now);
  if (jumpMs === null) return;
  const before = new Date(now.nowMs - jumpMs).toISOString();
  throw new SmithersError(
    "CLOCK_JUMPED",
    `The system's clock shows ${new Date(now.nowMs).toISOString()}, but it should be ${before}. Runs would look older than they are.`,
  );
}

const longestPauseMs = 3_600_000;
const shortestPauseMs = 1_000;

/**
 * Notes from time to time what the clocks show, and prunes a store unless the wall clock has jumped.
 * @param windowMs absent: nothing is pruned
 * @returns a function that stops it
 */
export function keepPruned(store: Store, windowMs: number | undefined, log: Logger): () => void {
  let stopped = false;
  const pass = async () => {
    try {
      const isBelieved = await believesClock(store, log);
      if (isBelieved && windowMs !== undefined && !stopped) await prune(store, windowMs, () => stopped);
    } catch (error) {
      log.warn({ err: error }, "Old runs could not be removed. It will be tried again.");
    }
  };
  void pass();
  const pauseMs = Math.min(Math.max((windowMs ?? Number.POSITIVE_INFINITY) / 10, shortestPauseMs), longestPauseMs);
  const timer = setInterval(() => void pass(), pauseMs);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

/** Whether the wall clock can tell how long ago a run ended. Remembers in the store what it shows. */
async function believesClock(store: Store, log: Logger): Promise<boolean> {
  const { seen, jumpMs, isNew } = judgeClock(await store.maintenance.seenClocks(), moment());
  await store.maintenance.noteClocks(seen);
  if (jumpMs === null) return true;
  if (isNew) {
    log.warn(
      { jumpSeconds: Math.round(jumpMs / 1_000) },
      "The system's clock has jumped. Nothing is removed until it is set right, or has been right for a day.",
    );
  }
  return false;
}

import { isTerminalEvent } from "../model/index.ts";
import type { Store } from "../store/index.ts";

/**
 * Whether nothing comes after the event `seq` in a run's log: the last event is not after it, and ends the run. The
 * store is asked, for a failed run that was resumed has events after its failure.
 */
export async function isLogEnd(store: Store, runId: string, seq: number): Promise<boolean> {
  const last = await store.lastEvent(runId);
  return last !== undefined && last.seq <= seq && isTerminalEvent(last.type);
}

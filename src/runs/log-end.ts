import { isTerminalEvent } from "../model/index.ts";
import type { Store } from "../store/index.ts";

/**
 * Whether the run has no events after `seq` and has ended. This needs the store, because a resumed run has events after
 * its failure.
 */
export async function isLogEnd(store: Store, runId: string, seq: number): Promise<boolean> {
  const last = await store.lastEvent(runId);
  return last !== undefined && last.seq <= seq && isTerminalEvent(last.type);
}

import type { StoredEvent } from "../model/index.ts";
import type { Lease, Store } from "../store/index.ts";
import { TurnDraft } from "./draft.ts";
import { endRun } from "./ending.ts";
import { loadRun } from "./load-run.ts";

/** Cancels a run as it is stored. Its workflow is not needed, and may be gone. */
export async function cancelStored(store: Store, lease: Lease): Promise<StoredEvent[]> {
  const run = await store.findRun(lease.runId);
  if (!run) return [];
  const { memory, approvals } = await loadRun(store, run);
  const draft = new TurnDraft(memory, Date.now());
  endRun(draft, memory, approvals, { status: "cancelled" });
  return store.commitTurn(draft.toRecord(lease));
}

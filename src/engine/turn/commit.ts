import type { Lease, Store } from "../../store/index.ts";
import type { Feed } from "../feed.ts";
import type { EngineObserver } from "../observer.ts";
import type { TurnDraft } from "./draft.ts";
import type { RunState } from "./run-state.ts";

/** Where a turn is written, and who is told of it. */
export interface TurnSink {
  readonly store: Store;
  readonly feed: Feed;
  readonly observer: EngineObserver | undefined;
}

/**
 * Writes a turn, by the store unless by what `write` names, then tells of it. `renderMs` and `planMs` say what it took
 * until now.
 * @throws LEASE_LOST, CancelPending, or a `DB_*` code; the same draft may be committed again
 */
export async function commitTurn(
  { store, feed, observer }: TurnSink,
  lease: Lease,
  draft: TurnDraft,
  runState: RunState,
  { renderMs, planMs } = { renderMs: 0, planMs: 0 },
  write: Pick<Store, "commitTurn"> = store,
): Promise<void> {
  const record = draft.toRecord(lease);
  const startMs = performance.now();
  const events = await write.commitTurn(record);
  observer?.turnCommitted({
    run: runState.run,
    record,
    events,
    decisions: draft.decisions,
    node: (nodeId, iteration) => runState.findNode(nodeId, iteration),
    timing: { renderMs, planMs, commitMs: performance.now() - startMs },
  });
  feed.publish(events);
}

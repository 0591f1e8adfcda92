import type { Lease, Store, TurnRecord } from "../../store/index.ts";
import { stopwatch } from "../../timing/index.ts";
import type { CommitFeed } from "../feed.ts";
import type { EngineObserver, TurnTiming } from "../observer.ts";
import type { TurnDraft } from "./draft.ts";

/** Where turns are committed, published and observed. */
export interface TurnSink {
  readonly store: Store;
  readonly feed: CommitFeed;
  readonly observer: EngineObserver | undefined;
  /** Whether the store is in another process, whose observers learn of a turn from its record. */
  readonly isRemote?: boolean;
  /** Called after a turn that has started, ended or told runs around its own. */
  related?(turn: TurnRecord): void;
}

/** What an execution knows of its turn. */
export interface TurnMeasures extends Omit<TurnTiming, "commitMs"> {
  /** How many attempts of the run are in flight after the turn. */
  readonly runningAttempts: number;
}

/** Refuses a turn that would end a run in another way after its cancellation was accepted. */
export class CancelPending extends Error {}

/**
 * Commits a turn, then publishes it.
 * @param writer writes it instead of the sink's store
 * @throws LEASE_LOST, {@link CancelPending}, or a `DB_*` code; the same draft may be committed again
 */
export async function commitTurn(
  sink: TurnSink,
  lease: Lease,
  draft: TurnDraft,
  { runningAttempts, ...timing }: TurnMeasures = { renderMs: 0, planMs: 0, runningAttempts: 0 },
  writer: Pick<Store, "commitTurn"> = sink.store,
): Promise<void> {
  const { feed, observer, isRemote = false } = sink;
  const { runState } = draft;
  const { decisions } = draft;
  const { run } = runState;
  const facts = isRemote ? { decisions, timing, runningAttempts } : undefined;
  const record = draft.toRecord(lease, facts);
  const elapsedMs = stopwatch();
  const events = await writer.commitTurn(record);
  if (events === "cancel-pending") throw new CancelPending();
  observer?.turnCommitted({
    run,
    record,
    events,
    decisions,
    node: (nodeId, iteration) => runState.findNode(nodeId, iteration),
    timing: { ...timing, commitMs: elapsedMs() },
  });
  feed.publish(events);
  if (concernsRelatives(record)) sink.related?.(record);
}

/** Whether a turn means something for other runs than its own. */
export function concernsRelatives({ successor, children, unwantedChildren, toldRun }: TurnRecord): boolean {
  return successor !== undefined || children !== undefined || unwantedChildren !== undefined || toldRun !== undefined;
}

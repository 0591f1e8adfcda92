import { type ErrorRecord, SmithersError } from "../../errors/index.ts";
import { moment } from "../../runtime/index.ts";
import type { Lease } from "../../store/index.ts";
import { recordLostAttempt, recordUnchargedLoss } from "../turn/attempt-results.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { endRun } from "../turn/run-end.ts";
import { defaultMaxCrashes, loadRun } from "./load.ts";

/** A run whose process has ended, and what the run has to do with that. */
export interface LostRun {
  /** The lease of the process that has ended. */
  readonly lease: Lease;
  /** What has happened, as the run's attempts record it. */
  readonly error: SmithersError;
  /** Whether the run is to blame; with nodes, only those. */
  readonly isCharged: boolean;
  /** Ids of the nodes that are to blame. */
  readonly nodeIds?: readonly string[];
}

/**
 * Releases a run whose process has ended, so that it continues at once. Its running attempts are lost and run again. A
 * loss is charged only to what is to blame, which fails after `maxCrashes` losses; everything else is as it was.
 * @param owner in whose name this process takes the run for a moment
 * @returns false when another process has taken the run
 */
export async function releaseLost(
  sink: TurnSink,
  owner: string,
  { lease: { runId, leaseNo }, error, isCharged, nodeIds }: LostRun,
  maxCrashes = defaultMaxCrashes,
): Promise<boolean> {
  const run = await sink.store.findRun(runId);
  if (!run || run.leaseNo !== leaseNo) return false;
  const lease = await sink.store.takeLease(runId, owner, leaseNo, Date.now());
  const loaded = lease && (await loadRun(sink.store, runId));
  if (!loaded) return false;
  const { runState } = loaded;
  const draft = new TurnDraft(runState, moment());
  const charged = new Set(nodeIds);
  for (const node of runState.nodes()) {
    if (node.state !== "in-progress" || node.kind === "subflow") continue;
    if (charged.has(node.nodeId)) recordLostAttempt(draft, node, maxCrashes, error);
    else recordUnchargedLoss(draft, node, error.toRecord());
  }
  const crashes = run.crashes + (isCharged && charged.size === 0 ? 1 : 0);
  if (crashes >= maxCrashes && crashes > run.crashes) endRun(draft, { status: "failed", error: again(error, crashes) });
  else draft.changeRun({ release: true });
  // Neither the take-over itself nor the release says anything about the run's progress.
  draft.changeRun({ crashes });
  await commitTurn(sink, lease, draft);
  return true;
}

function again(error: SmithersError, times: number): ErrorRecord {
  const problem = `${error.problem} That was the last of ${times} times in a row.`;
  return new SmithersError(error.code, problem, { details: error.details }).toRecord();
}

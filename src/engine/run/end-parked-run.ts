import type { Lease } from "../../store/index.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { endRun, type RunEnd } from "../turn/run-end.ts";
import { loadRun } from "./load.ts";

/** Ends a run as it is stored. Its workflow is not needed, and may be gone. */
export async function endParkedRun(sink: TurnSink, lease: Lease, end: RunEnd): Promise<void> {
  const run = await sink.store.findRun(lease.runId);
  if (!run) return;
  const { runState, approvals } = await loadRun(sink.store, run);
  const draft = new TurnDraft(runState, Date.now());
  endRun(draft, runState, approvals, end);
  await commitTurn(sink, lease, draft, runState);
}

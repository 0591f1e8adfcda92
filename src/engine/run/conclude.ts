import type { ErrorRecord } from "../../errors/index.ts";
import type { RunStatus } from "../../model/index.ts";
import type { ContinuePoint } from "../../plan/index.ts";
import type { TurnDraft } from "../turn/draft.ts";
import { endRun, type TurnOutcome } from "../turn/run-end.ts";
import { successorOf } from "./create.ts";

/**
 * How an execution left its run. `queued`: its server had no place for it, and another may take it; `lost`: another
 * owner may have it now.
 */
export type ExecutionEnd = "ended" | "parked" | "released" | "queued" | "lost";

/**
 * Writes into a turn what its outcome means for the run.
 * @param activeEnd how a run is left that is neither over nor parked; undefined when its execution continues
 * @returns how the execution leaves the run; undefined when it continues
 */
export function conclude(
  draft: TurnDraft,
  outcome: TurnOutcome,
  activeEnd: "queued" | "released" | undefined,
): ExecutionEnd | undefined {
  switch (outcome.kind) {
    case "finished":
      endRun(draft, { status: "finished" });
      return "ended";
    case "failed":
      return fail(draft, outcome.error);
    case "continued":
      continueAsNew(draft, outcome.at);
      return "ended";
    case "parked":
      changeStatus(draft, outcome.status);
      draft.changeRun({ ...outcome.wake, release: true });
      return "parked";
    case "active":
      changeStatus(draft, "running");
      if (activeEnd === "queued") draft.changeRun({ ...outcome.wake, release: true });
      else if (activeEnd === "released") draft.changeRun({ release: true });
      return activeEnd;
  }
}

/** Ends a run as failed. */
export function fail(draft: TurnDraft, error: ErrorRecord): "ended" {
  endRun(draft, { status: "failed", error });
  return "ended";
}

/** Notes since when tasks of the run wait for a place, or that none does. */
export function noteQueued(draft: TurnDraft, queued: number): void {
  const isNoted = draft.runState.run.queuedAtMs !== null;
  if (queued > 0 !== isNoted) draft.changeRun({ queuedAtMs: queued > 0 ? draft.nowMs : null });
}

function continueAsNew(draft: TurnDraft, point: ContinuePoint): void {
  const { runState } = draft;
  const isIdle = ![...runState.nodes()].some(({ state }) => state === "finished");
  const successor = successorOf(runState.run, point, isIdle, draft.nowMs);
  const { runId } = successor.run;
  draft.successor = successor;
  draft.changeRun({ continuedAs: runId });
  endRun(draft, { status: "continued", newRunId: runId });
}

function changeStatus(draft: TurnDraft, status: RunStatus): void {
  if (draft.runState.run.status === status) return;
  draft.changeRun({ status });
  draft.emit({ type: "RunStatusChanged", status });
}

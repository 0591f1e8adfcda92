import { noSuchRun, runHasEnded } from "../../errors/index.ts";
import { hasEnded, type Run } from "../../model/index.ts";

/**
 * Checks a request to cancel a run. A request that was accepted before is accepted again.
 * @returns the run, which exists
 * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
 */
export function judgeCancel(run: Run | undefined, runId: string): Run {
  if (!run) throw noSuchRun(runId);
  if (hasEnded(run.status)) throw runHasEnded(runId, run.status, run.continuedAs);
  return run;
}

import { type ErrorRecord, isSmithersError, SmithersError } from "../../errors/index.ts";
import { hasEnded, type Run } from "../../model/index.ts";
import type { TurnSink } from "../turn/commit.ts";
import type { RunEnd } from "../turn/run-end.ts";
import { endParkedRun } from "./load.ts";

/**
 * How a run ends that is about to be claimed, without its workflow's code: its cancellation was accepted, or it has
 * ended too many processes. Undefined when it continues.
 */
export function endWithoutCode(run: Run, isOrphan: boolean, maxCrashes: number): RunEnd | undefined {
  if (run.cancelRequestedAtMs !== null && !hasEnded(run.status)) return { status: "cancelled" };
  if (isOrphan && run.crashes >= maxCrashes) return { status: "failed", error: crashLoop(run) };
  return undefined;
}

/** Ends a run without an owner, unless another process was faster. Needs no workflow: its file may be gone. */
export async function endUnheldRun(
  sink: TurnSink,
  { runId, leaseNo }: Run,
  owner: string,
  end: RunEnd,
): Promise<boolean> {
  const lease = await sink.store.takeLease(runId, owner, leaseNo, Date.now());
  if (!lease) return false;
  try {
    await endParkedRun(sink, lease, end);
    return true;
  } catch (error) {
    // Another one has taken the run in between, this server's own watcher for example, and ends it.
    if (isSmithersError(error) && error.code === "LEASE_LOST") return false;
    throw error;
  }
}

function crashLoop({ runId, crashes }: Run): ErrorRecord {
  const message = `The process ended, or lost the run, ${crashes} times after it had claimed the run "${runId}", and the run made no progress.`;
  return new SmithersError("CRASH_LOOP", message).toRecord();
}

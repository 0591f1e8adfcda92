import { newRunId, type Run } from "../../model/index.ts";
import type { StartRequest } from "../options.ts";

/** The row of a run that is started now, and executed by `owner`. */
export function newRun(request: StartRequest, owner: string, input: unknown, nowMs: number): Run {
  return {
    runId: request.runId ?? newRunId(),
    home: null,
    workflowName: request.workflowName,
    workflowPath: request.workflowPath ?? null,
    workflowHash: request.workflowHash ?? null,
    status: "running",
    input,
    config: { ...request.config },
    createdAtMs: nowMs,
    startedAtMs: nowMs,
    finishedAtMs: null,
    heartbeatAtMs: nowMs,
    owner,
    leaseNo: 1,
    lastSeq: 0,
    frameNo: 0,
    inboxNo: 0,
    takenNo: 0,
    wakeAtMs: null,
    cancelRequestedAtMs: null,
    parentRunId: null,
    traceparent: request.traceparent ?? null,
    crashes: 0,
    reopened: 0,
    loops: {},
    outputNodeId: null,
    outputIteration: null,
    error: null,
  };
}

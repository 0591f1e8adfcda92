import type { ApprovalItem, Node, NodeItem, Output, Run, RunDetail, RunListItem, RunState } from "../model/index.ts";
import type { PendingApproval } from "../store/index.ts";

export function toRunListItem(run: Run, runState: RunState): RunListItem {
  return {
    runId: run.runId,
    workflowName: run.workflowName,
    workflowPath: run.workflowPath,
    status: run.status,
    createdAtMs: run.createdAtMs,
    startedAtMs: run.startedAtMs,
    finishedAtMs: run.finishedAtMs,
    heartbeatAtMs: run.heartbeatAtMs,
    parentRunId: run.parentRunId,
    error: run.error,
    runState,
  };
}

export function toRunDetail(run: Run, runState: RunState, summary: Record<string, number>, output: unknown): RunDetail {
  return {
    runId: run.runId,
    workflowName: run.workflowName,
    status: run.status,
    startedAtMs: run.startedAtMs,
    finishedAtMs: run.finishedAtMs,
    summary,
    runState,
    ...(output === undefined ? {} : { output }),
    ...(run.error ? { error: run.error } : {}),
  };
}

export function toNodeItem(node: Node, output: Output | undefined): NodeItem {
  const { nodeId, iteration, state, label, attempt, startedAtMs, finishedAtMs, error } = node;
  const value = output ? JSON.parse(output.json) : null;
  return { nodeId, iteration, state, label, attempt, startedAtMs, finishedAtMs, output: value, error };
}

export function toApprovalItem(approval: PendingApproval, nowMs: number): ApprovalItem {
  return {
    runId: approval.runId,
    nodeId: approval.nodeId,
    iteration: approval.iteration,
    workflowName: approval.workflowName,
    runStatus: approval.runStatus,
    label: approval.label,
    requestTitle: approval.title,
    requestSummary: approval.summary,
    requestedAtMs: approval.requestedAtMs,
    waitingMs: Math.max(nowMs - approval.requestedAtMs, 0),
    mode: approval.mode,
    options: approval.options,
    metadata: approval.metadata,
    note: approval.note,
    decidedBy: approval.decidedBy,
  };
}

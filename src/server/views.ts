import {
  type ApprovalItem,
  deriveRunState,
  type Node,
  type NodeItem,
  type Output,
  type Run,
  type RunDetail,
  type RunListItem,
} from "../model/index.ts";
import type { PendingApproval } from "../store/index.ts";

export function toRunListItem(run: Run, waiting: readonly Node[], nowMs: number): RunListItem {
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
    runState: deriveRunState(run, waiting, nowMs),
  };
}

export function toRunDetail(
  run: Run,
  waiting: readonly Node[],
  summary: Record<string, number>,
  output: unknown,
  nowMs: number,
): RunDetail {
  return {
    runId: run.runId,
    workflowName: run.workflowName,
    status: run.status,
    startedAtMs: run.startedAtMs,
    finishedAtMs: run.finishedAtMs,
    summary,
    runState: deriveRunState(run, waiting, nowMs),
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

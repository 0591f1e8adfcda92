import { cutText, type ErrorRecord } from "../errors/index.ts";
import type { Approval, Attempt, Node, Output, Run, ToolCall } from "../model/entities.ts";
import type { SmithersEvent } from "../model/events.ts";
import type { RunHealth } from "../model/run-health-schema.ts";
import type { ApprovalItem, NodeDetail, NodeItem, RunDetail, RunListItem } from "./answers.ts";

/** A pending approval, with its run's name and status. */
export type PendingApproval = Approval & Pick<Run, "workflowName"> & { runStatus: Run["status"] };

/** Longest text of an error in a list, and largest details, in bytes: the run itself has all of them. */
const maxListedBytes = 1_024;

/** An error as lists show it: the beginning of its message, and its details unless they are large. */
function brief({ details, message, ...error }: ErrorRecord): ErrorRecord {
  const isSmall = details !== undefined && JSON.stringify(details).length <= maxListedBytes;
  return { ...error, message: cutText(message, maxListedBytes), ...(isSmall && { details }) };
}

/** A run as listings show it. */
export function toRunListItem(run: Run, runState: RunHealth): RunListItem {
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
    parentNodeId: run.parentNodeId,
    error: run.error && brief(run.error),
    runState: runState.unhealthy
      ? {
          ...runState,
          unhealthy: { ...runState.unhealthy, reason: cutText(runState.unhealthy.reason, maxListedBytes) },
        }
      : runState,
  };
}

/** One run in detail. `summary` counts its nodes by state; `output` is undefined while there is none. */
export function toRunDetail(
  run: Run,
  runState: RunHealth,
  summary: Record<string, number>,
  output: unknown,
  reports: readonly SmithersEvent[],
): RunDetail {
  const tokenUsage = tokenUsageOf(reports);
  return {
    runId: run.runId,
    workflowName: run.workflowName,
    status: run.status,
    startedAtMs: run.startedAtMs,
    finishedAtMs: run.finishedAtMs,
    summary,
    runState,
    ...(run.status === "finished" && summary.failed ? { failedChildren: summary.failed } : {}),
    ...(output === undefined ? {} : { output }),
    ...(run.error ? { error: run.error } : {}),
    ...(run.parentRunId !== null && { parentRunId: run.parentRunId }),
    ...(run.parentNodeId !== null && { parentNodeId: run.parentNodeId }),
    ...(run.continuedFrom !== null && { continuedFrom: run.continuedFrom }),
    ...(run.continuedAs !== null && { continuedAs: run.continuedAs }),
    ...(tokenUsage.length > 0 && { tokenUsage }),
  };
}

/** The tokens that agents have reported, by model. */
function tokenUsageOf(reports: readonly SmithersEvent[]): NonNullable<RunDetail["tokenUsage"]> {
  const byModel = new Map<string | null, { inputTokens: number; outputTokens: number }>();
  for (const report of reports) {
    if (report.type !== "TokenUsageReported") continue;
    const { model = null, inputTokens = 0, outputTokens = 0 } = report;
    const used = byModel.get(model) ?? { inputTokens: 0, outputTokens: 0 };
    used.inputTokens += inputTokens;
    used.outputTokens += outputTokens;
    byModel.set(model, used);
  }
  return [...byModel].map(([model, used]) => ({ model, ...used }));
}

/** An output's value, or the size of one that is left out of a list. */
type ListedOutput = Pick<Output, "nodeId" | "iteration"> & ({ readonly json: string } | { readonly bytes: number });

/** The nodes of a run, in the order given, each with its output. */
export function toNodeItems(nodes: readonly Node[], outputs: readonly ListedOutput[]): NodeItem[] {
  const keyOf = ({ iteration, nodeId }: ListedOutput | Node) => `${iteration}:${nodeId}`;
  const byNode = new Map(outputs.map((output) => [keyOf(output), output]));
  return nodes.map((node) => toNodeItem(node, byNode.get(keyOf(node))));
}

function toNodeItem(node: Node, output: ListedOutput | undefined): NodeItem {
  const { nodeId, iteration, state, label, attempt, startedAtMs, finishedAtMs, error } = node;
  const value = output && "json" in output ? JSON.parse(output.json) : null;
  return {
    nodeId,
    iteration,
    state,
    label,
    attempt,
    startedAtMs,
    finishedAtMs,
    output: value,
    ...(output && "bytes" in output && { outputBytes: output.bytes }),
    ...(node.kind === "subflow" && node.awaits !== null && { childRunId: node.awaits }),
    error,
  };
}

/** How many failures of agents one node's detail has. */
const maxAgentFailures = 100;

/** What is stored of one node. */
export interface StoredNode {
  readonly node: Node;
  /** The whole output; undefined while there is none. */
  readonly output: unknown;
  readonly attempts: readonly Attempt[];
  readonly toolCalls: readonly ToolCall[];
  /** What the run's agents have reported. */
  readonly reports: readonly SmithersEvent[];
  /** What the node's agents were asked. */
  readonly prompts: readonly SmithersEvent[];
}

/** One node in detail: with its output, its attempts and its tool calls. */
export function toNodeDetail({ node, output, attempts, toolCalls, reports, prompts }: StoredNode): NodeDetail {
  const isOwn = (event: SmithersEvent) =>
    "nodeId" in event && event.nodeId === node.nodeId && event.iteration === node.iteration;
  const tokenUsage = tokenUsageOf(reports.filter(isOwn));
  const agentFailures = reports
    .filter((report) => report.type === "AgentFailed")
    .filter(isOwn)
    .slice(-maxAgentFailures)
    .map(({ attempt, agent, error, timestampMs }) => ({ attempt, agent, error, failedAtMs: timestampMs }));
  return {
    runId: node.runId,
    kind: node.kind,
    ...toNodeItem(node, undefined),
    output: output ?? null,
    attempts: attempts.map(({ attempt, state, startedAtMs, finishedAtMs, error }) => ({
      attempt,
      state,
      startedAtMs,
      finishedAtMs,
      error,
    })),
    toolCalls: withinLimit(toolCalls).map(
      ({ attempt, callNo, toolName, idempotencyKey, state, startedAtMs, finishedAtMs, error, arguments: given }) => ({
        attempt,
        callNo,
        toolName,
        idempotencyKey,
        state,
        startedAtMs,
        finishedAtMs,
        error,
        arguments: given,
      }),
    ),
    ...(prompts.length > 0 && {
      prompts: prompts
        .filter((event) => event.type === "AgentPrompted")
        .map(({ attempt, agent, prompt, timestampMs }) => ({ attempt, agent, prompt, promptedAtMs: timestampMs })),
    }),
    ...(tokenUsage.length > 0 && { tokenUsage }),
    ...(agentFailures.length > 0 && { agentFailures }),
  };
}

/** Largest arguments of all tool calls of one node's detail, in characters of JSON. */
const maxArgumentsLength = 1_048_576;

/** Leaves out the arguments of older calls where those of newer ones are large. */
function withinLimit(calls: readonly ToolCall[]): ToolCall[] {
  let left = maxArgumentsLength;
  return calls
    .toReversed()
    .map((call) => {
      if (call.arguments === null) return call;
      left -= JSON.stringify(call.arguments).length;
      return left >= 0 ? call : { ...call, arguments: { truncated: true } };
    })
    .reverse();
}

/** A pending approval as listings show it; `nowMs` is the clock's time. */
export function toApprovalItem(approval: PendingApproval, nowMs: number): ApprovalItem {
  return {
    runId: approval.runId,
    nodeId: approval.nodeId,
    iteration: approval.iteration,
    workflowName: approval.workflowName,
    runStatus: approval.runStatus,
    label: approval.label ?? approval.nodeId,
    requestTitle: approval.title ?? approval.label ?? approval.nodeId,
    requestSummary: approval.summary,
    requestedAtMs: approval.requestedAtMs,
    waitingMs: Math.max(nowMs - approval.requestedAtMs, 0),
    ...(approval.form && {
      dataSchema: approval.form.schema,
      maxAttempts: approval.form.maxAttempts,
      asked: approval.asked ?? 1,
    }),
    ...(approval.refusal && { lastError: approval.refusal, lastAnswer: approval.data }),
    mode: approval.mode,
    options: approval.options,
    onDeny: approval.onDeny,
    metadata: approval.metadata,
    note: approval.note,
    decidedBy: approval.decidedBy,
  };
}

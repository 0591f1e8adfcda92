/// <reference path="./mdx/modules.d.ts" preserve="true" />
export {
  ClaudeCodeAgent,
  type ClaudeCodeAgentOptions,
  CodexAgent,
  type CodexAgentOptions,
  type CodingAgentAnswer,
  type CodingAgentOptions,
  GeminiAgent,
  type GeminiAgentOptions,
  KimiAgent,
  type KimiAgentOptions,
  PiAgent,
  type PiAgentOptions,
} from "./agents/index.ts";
export type { RunConfig } from "./api/index.ts";
export { type Logger, type RunResult, type RunWorkflowOptions, runWorkflow } from "./engine/index.ts";
export { type ErrorCode, type ErrorRecord, isSmithersError, NonRetryableError, SmithersError } from "./errors/index.ts";
export type { Workflow as WorkflowDefinition } from "./jsx/index.ts";
export {
  type Agent,
  ApprovalComponent as Approval,
  type ApprovalDecision,
  ApprovalGate,
  type ApprovalRanking,
  type ApprovalSelection,
  approvalDecisionSchema,
  approvalRankingSchema,
  approvalSelectionSchema,
  Branch,
  type CachePolicy,
  type CreateSmithersOptions,
  type Ctx,
  createSmithers,
  type Duration,
  Loop,
  Loop as Ralph,
  MergeQueue,
  type OutputRef,
  Parallel,
  type RetryPolicy,
  type Row,
  Saga,
  type SagaProps,
  type SagaStep,
  type Schemas,
  Sequence,
  SignalComponent as Signal,
  type SmithersApi,
  Task,
  type TaskContext,
  Timer,
  type ToolAccess,
  TryCatchFinally,
  type TryCatchFinallyProps,
  useCtx,
  WaitForEvent,
  WorkflowComponent as Workflow,
} from "./jsx/index.ts";
export { createServeApp, startServer } from "./lazy-server.ts";
export { mdxPlugin } from "./mdx/index.ts";
export type { NodeState, RunHealth, RunStatus, SmithersEvent } from "./model/index.ts";
export type { ServeApp, ServeAppOptions, ServerOptions } from "./server/index.ts";
export {
  type BashOptions,
  bash,
  defineTool,
  edit,
  grep,
  type Replacement,
  read,
  type Tool,
  type ToolCallOptions,
  type ToolContext,
  type ToolDefinition,
  write,
} from "./tools/index.ts";

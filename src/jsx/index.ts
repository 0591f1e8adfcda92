export { componentMeantBy } from "./component-names.ts";
export {
  ApprovalComponent,
  type ApprovalDecision,
  type ApprovalRanking,
  type ApprovalSelection,
  approvalDecisionSchema,
  approvalRankingSchema,
  approvalSelectionSchema,
} from "./components/approval.ts";
export { ApprovalGate } from "./components/approval-gate.ts";
export { Aspects, type AspectsProps } from "./components/aspects.ts";
export { ContinueAsNew, type ContinueAsNewProps, continueAsNew } from "./components/continue-as-new.ts";
export { decisionValue } from "./components/decision.ts";
export { type Duration, parseDurationMs } from "./components/duration.ts";
export { EscalationChain } from "./components/escalation-chain.ts";
export { HumanTask } from "./components/human-task.ts";
export type { RetryPolicy } from "./components/retry.ts";
export { Saga, type SagaProps, type SagaStep, type SagaStepProps } from "./components/saga.ts";
export { Subflow, type SubflowProps } from "./components/subflow.ts";
export { Task } from "./components/task.ts";
export type { CachePolicy } from "./components/task-props.ts";
export { Timer } from "./components/timer.ts";
export { TryCatchFinally, type TryCatchFinallyProps } from "./components/try-catch-finally.ts";
export { SignalComponent, WaitForEvent } from "./components/wait-for-event.ts";
export { Branch, Loop, MergeQueue, Parallel, Sequence, WorkflowComponent } from "./components/workflow.ts";
export { Worktree } from "./components/worktree.ts";
export { type CreateSmithersOptions, createSmithers, type SmithersApi } from "./create-smithers.ts";
export type { Ctx, Row, RunView } from "./ctx.ts";
export { useCtx } from "./frame-context.ts";
export type { HostElement, HostNode } from "./host.ts";
export {
  authoredId,
  type LoopPlace,
  loopsAround,
  type NodePlace,
  nodePlace,
  placesOf,
  suffixOf,
} from "./loop-places.ts";
export { NodeOutputs } from "./node-outputs.ts";
export type { OutputRef, OutputRegistry, OutputSchema, Schemas } from "./outputs.ts";
export { isOwnOutput } from "./outputs.ts";
export { promptText } from "./prompt-text.ts";
export { insteadOfEntry, insteadOfName } from "./published-names.ts";
export { jsxRuntime, React } from "./react.ts";
export type { FrameReads } from "./reads.ts";
export { type Rendered, WorkflowRenderer } from "./renderer.ts";
export { forgetRows } from "./rows.ts";
export type * from "./specs.ts";
export { absentValue, currentValue, type StoredOutput } from "./stored-output.ts";
export {
  fromJson,
  misreadIssues,
  outdatedInput,
  outdatedOutput,
  type ReadValue,
  readFresh,
  readStored,
} from "./stored-value.ts";
export {
  currentTask,
  type FileRules,
  runInTask,
  type TaskContext,
  type TaskWorktree,
  type ToolCallHandle,
  type ToolCallRequest,
} from "./task-context.ts";
export { databaseFileOf, isWorkflow, type Workflow } from "./workflow.ts";

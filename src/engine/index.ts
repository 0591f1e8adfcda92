export { Engine, type EngineOptions, type StartRequest, type WorkflowSource } from "./engine.ts";
export type { ExecutionEnd } from "./execution.ts";
export { Feed, type FeedListener } from "./feed.ts";
export { Mirror } from "./mirror.ts";
export { keepPruned, type Pruned, prune } from "./retention.ts";
export { type RunResult, type RunWorkflowOptions, runWorkflow } from "./run-workflow.ts";

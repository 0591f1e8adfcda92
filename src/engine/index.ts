export { Engine, type EngineOptions, type EngineScope, type StartRequest } from "./engine.ts";
export type { ExecutionEnd } from "./execution.ts";
export { Feed, type FeedListener } from "./feed.ts";
export { type Logger, troubleOnly } from "./logger.ts";
export { Mirror } from "./mirror.ts";
export type { CommittedTurn, EngineObserver, TurnTiming } from "./observer.ts";
export { keepPruned, type Pruned, prune } from "./retention.ts";
export { type RunResult, type RunWorkflowOptions, runWorkflow, settled } from "./run-workflow.ts";
export type { WorkflowSource } from "./source.ts";

export { retryDelayMs } from "./backoff.ts";
export { compilePlan } from "./compile.ts";
export { type ContinuePoint, needsPlace, type Schedule, schedule } from "./schedule.ts";
export { type NodeProgress, nodeKey, type Plan, type PlanAspects, type PlannedTask } from "./types.ts";

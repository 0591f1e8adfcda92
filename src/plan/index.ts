export { retryDelayMs } from "./backoff.ts";
export { type CompileState, compilePlan } from "./compile.ts";
export { type ContinuePoint, needsPlace, type Schedule, type ScheduleState, schedule } from "./schedule.ts";
export { type Group, type NodeProgress, nodeKey, type Plan, type PlanAspects, type PlannedTask } from "./types.ts";

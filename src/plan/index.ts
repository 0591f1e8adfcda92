export { retryDelayMs } from "./backoff.ts";
export { type CompileState, compilePlan } from "./compile.ts";
export { type Schedule, type ScheduleState, schedule } from "./schedule.ts";
export { type Group, nodeKey, type Plan, type PlannedTask, type Progress } from "./types.ts";

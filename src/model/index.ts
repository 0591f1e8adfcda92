export * from "./entities.ts";
export * from "./error-place.ts";
export * from "./events.ts";
export * from "./issues.ts";
export * from "./json.ts";
export * from "./run-end.ts";
export * from "./run-health.ts";
export { newRunId } from "./run-id.ts";
export * from "./status.ts";

export * from "./entities.ts";
export * from "./events.ts";
export * from "./issues.ts";
export * from "./json.ts";
export { newRunId } from "./run-id.ts";
export * from "./run-state.ts";
export * from "./status.ts";

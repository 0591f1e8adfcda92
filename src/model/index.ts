// Without the schemas, and what else needs Zod: few processes need them, and each would load it at its start.
export type * from "./entities.ts";
export * from "./error-place.ts";
export * from "./events.ts";
export { wholeExample } from "./example.ts";
export * from "./issues.ts";
export * from "./json.ts";
export { JsonText, LargeJson } from "./json-text.ts";
export * from "./moment.ts";
export { notBegun } from "./not-begun.ts";
export * from "./quota.ts";
export * from "./run-end.ts";
export * from "./run-health.ts";
export type { RunHealth } from "./run-health-schema.ts";
export * from "./status.ts";

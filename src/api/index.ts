// Without the schemas of answers, which only the OpenAPI document needs. Rooms of every process import limits.ts,
// items.ts and event-name.ts: the rest builds the schemas of requests.
export type * from "./answers.ts";
export * from "./event-name.ts";
export * from "./event-reference.ts";
export * from "./items.ts";
export * from "./limits.ts";
export * from "./requests.ts";

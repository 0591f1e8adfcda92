export * from "./answers.ts";
export * from "./event-reference.ts";
export * from "./items.ts";
export * from "./openapi-names.ts";
export * from "./requests.ts";

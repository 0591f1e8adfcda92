export * from "./event-reference.ts";
export * from "./items.ts";
export * from "./openapi-names.ts";
export * from "./schemas.ts";

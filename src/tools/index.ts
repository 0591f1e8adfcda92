export { type BashOptions, bash } from "./bash.ts";
export type { ToolContext } from "./call.ts";
export { defineTool, type Tool, type ToolCallOptions, type ToolDefinition, type ToolParts } from "./define-tool.ts";

export { tools } from "./all.ts";
export { type BashOptions, type BashTool, bash } from "./bash.ts";
export type { ToolContext } from "./call.ts";
export { defineTool, type Tool, type ToolCallOptions, type ToolDefinition, type ToolParts } from "./define-tool.ts";
export { type EditTool, edit } from "./edit.ts";
export { type GrepTool, grep } from "./grep/index.ts";
export type { Replacement } from "./patch.ts";
export { type ReadTool, read } from "./read.ts";
export { type WriteTool, write } from "./write.ts";

export { AnthropicAgent } from "./anthropic.ts";
export { ClaudeCodeAgent, type ClaudeCodeAgentOptions } from "./claude-code.ts";
export { CodexAgent, type CodexAgentOptions } from "./codex.ts";
export type { CodingAgentAnswer, CodingAgentOptions } from "./coding-agent.ts";
export { GeminiAgent, type GeminiAgentOptions } from "./gemini.ts";
export { KimiAgent, type KimiAgentOptions } from "./kimi.ts";
export { OpenAIAgent } from "./openai.ts";
export { PiAgent, type PiAgentOptions } from "./pi.ts";
export type { SdkAgentCall, SdkAgentOptions } from "./sdk-agent.ts";

import { SdkAgent } from "./sdk-agent.ts";

/** A model of Anthropic, through the AI SDK. Needs the packages `ai` and `@ai-sdk/anthropic`. */
export class AnthropicAgent extends SdkAgent {
  protected readonly provider = "@ai-sdk/anthropic";
  protected readonly factory = "anthropic";
}

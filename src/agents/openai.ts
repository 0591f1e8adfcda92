import { SdkAgent } from "./sdk-agent.ts";

/** A model of OpenAI, through the AI SDK. Needs the packages `ai` and `@ai-sdk/openai`. */
export class OpenAIAgent extends SdkAgent {
  protected readonly provider = "@ai-sdk/openai";
  protected readonly factory = "openai";
}

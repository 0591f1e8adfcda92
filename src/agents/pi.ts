import {
  CodingAgent,
  type CodingAgentOptions,
  fieldsOf,
  option,
  type ProgramArguments,
  partsOf,
  repeated,
  type Transcript,
} from "./coding-agent.ts";

export interface PiAgentOptions extends CodingAgentOptions {
  provider?: string;
  /** How the command and this program speak, which makes no difference for the task: the events are JSON in any case. */
  mode?: "json" | "rpc" | "text";
  apiKey?: string;
  appendSystemPrompt?: string;
  /** A conversation to continue. */
  session?: string;
  sessionDir?: string;
  /** The built-in tools that exist; none others can be called. */
  tools?: readonly string[];
  noTools?: boolean;
  extension?: readonly string[];
  skill?: readonly string[];
  thinking?: "off" | "minimal" | "low" | "medium" | "high" | "xhigh";
}

/** The Pi coding agent, the command `pi`. */
export class PiAgent extends CodingAgent<PiAgentOptions> {
  protected readonly program = "pi";
  protected readonly install = "npm install -g @mariozechner/pi-coding-agent, and set the key of a provider.";

  protected launch(session: string | undefined, allowed: readonly string[] | undefined): ProgramArguments {
    const { options } = this;
    const tools = allowed ?? options.tools;
    const none = options.noTools || tools?.length === 0;
    return {
      args: [
        "--mode",
        "json",
        ...option("--provider", options.provider),
        ...option("--model", options.model),
        ...option("--api-key", options.apiKey),
        ...option("--append-system-prompt", options.appendSystemPrompt),
        ...option("--thinking", options.thinking),
        ...(none ? ["--no-tools"] : option("--tools", tools?.join(","))),
        ...option("--session-dir", options.sessionDir),
        ...repeated("--extension", options.extension),
        ...repeated("--skill", options.skill),
        ...option("--session", session ?? options.session),
      ],
    };
  }

  protected read(event: Record<string, unknown>, transcript: Transcript): void {
    switch (event.type) {
      case "session":
        return transcript.session(event.id);
      case "tool_execution_start":
        return transcript.toolStarted(event.toolCallId, event.toolName, event.args);
      case "tool_execution_end":
        return transcript.toolEnded(event.toolCallId, event.isError === true ? "The tool failed." : undefined);
      case "message_update": {
        const update = fieldsOf(event.assistantMessageEvent);
        if (update.type === "text_delta" && typeof update.delta === "string") transcript.say(update.delta);
        return;
      }
      case "message_end": {
        const message = fieldsOf(event.message);
        if (message.role !== "assistant") return;
        const usage = fieldsOf(message.usage);
        transcript.model(message.model);
        transcript.usage(usage.input, usage.output);
        transcript.say("\n");
        if (message.stopReason === "error" || message.stopReason === "aborted") {
          return transcript.failed(message.errorMessage);
        }
        const text = partsOf(message.content).filter(({ type }) => type === "text");
        return transcript.answer(text.map((part) => part.text).join(""));
      }
    }
  }
}

import {
  CodingAgent,
  type CodingAgentOptions,
  fieldsOf,
  option,
  type ProgramArguments,
  repeated,
  type Transcript,
} from "./coding-agent.ts";

export interface GeminiAgentOptions extends CodingAgentOptions {
  sandbox?: boolean;
  approvalMode?: "default" | "auto_edit" | "yolo" | "plan";
  /** Tools that may be used without asking. */
  allowedTools?: readonly string[];
  allowedMcpServerNames?: readonly string[];
  extensions?: readonly string[];
  includeDirectories?: readonly string[];
  /** A conversation to continue. */
  resume?: string;
}

/** This package's names of tools, in the words of the Gemini CLI. */
const names: Readonly<Record<string, string>> = {
  read: "read_file",
  write: "write_file",
  edit: "replace",
  grep: "search_file_content",
  bash: "run_shell_command",
};

/** The Gemini CLI, the command `gemini`. */
export class GeminiAgent extends CodingAgent<GeminiAgentOptions> {
  protected readonly program = "gemini";
  protected readonly install = "npm install -g @google/gemini-cli, and log in with gemini.";
  #text = new WeakMap<Transcript, string>();

  protected launch(session: string | undefined, allowed: readonly string[] | undefined): ProgramArguments {
    const { options } = this;
    // Without a person to ask, what is not allowed is refused.
    const mode = allowed ? "default" : (options.approvalMode ?? ((options.yolo ?? true) ? "yolo" : undefined));
    const tools = allowed?.map((name) => names[name] ?? name) ?? options.allowedTools;
    return {
      args: [
        "--output-format",
        "stream-json",
        ...option("--model", options.model),
        ...option("--approval-mode", mode),
        ...(options.sandbox ? ["--sandbox"] : []),
        ...repeated("--allowed-tools", tools),
        ...repeated("--allowed-mcp-server-names", options.allowedMcpServerNames),
        ...repeated("--extensions", options.extensions),
        ...repeated("--include-directories", options.includeDirectories),
        ...option("--resume", session ?? options.resume),
      ],
    };
  }

  protected read(event: Record<string, unknown>, transcript: Transcript): void {
    switch (event.type) {
      case "init":
        transcript.session(event.session_id);
        return transcript.model(event.model);
      case "message": {
        if (event.role !== "assistant" || typeof event.content !== "string") return;
        transcript.say(event.content);
        // A message comes in pieces, which are the whole answer together.
        const text = (event.delta === true ? (this.#text.get(transcript) ?? "") : "") + event.content;
        this.#text.set(transcript, text);
        return transcript.answer(text);
      }
      case "tool_use":
        this.#text.delete(transcript);
        return transcript.toolStarted(event.tool_id, event.tool_name, event.parameters);
      case "tool_result": {
        const { message } = fieldsOf(event.error);
        const problem = typeof message === "string" ? message : "The tool failed.";
        return transcript.toolEnded(event.tool_id, event.status === "error" ? problem : undefined);
      }
      case "result": {
        const stats = fieldsOf(event.stats);
        transcript.usage(stats.input_tokens, stats.output_tokens);
        if (event.status === "error") transcript.failed(fieldsOf(event.error).message);
        return;
      }
    }
  }
}

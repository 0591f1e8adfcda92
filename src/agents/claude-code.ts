import {
  CodingAgent,
  type CodingAgentOptions,
  fieldsOf,
  option,
  type ProgramArguments,
  partsOf,
  type Transcript,
} from "./coding-agent.ts";

export interface ClaudeCodeAgentOptions extends CodingAgentOptions {
  addDir?: readonly string[];
  /** Tools that may be used without asking. */
  allowedTools?: readonly string[];
  disallowedTools?: readonly string[];
  appendSystemPrompt?: string;
  dangerouslySkipPermissions?: boolean;
  fallbackModel?: string;
  maxBudgetUsd?: number;
  mcpConfig?: readonly string[];
  permissionMode?: "acceptEdits" | "bypassPermissions" | "default" | "delegate" | "dontAsk" | "plan";
  settings?: string;
  /** A conversation to continue. */
  resume?: string;
  /** The built-in tools that exist; none others can be called. */
  tools?: readonly string[] | "default" | "";
}

/** This package's names of tools, in the words of Claude Code. */
const names: Readonly<Record<string, string>> = {
  read: "Read",
  write: "Write",
  edit: "Edit",
  grep: "Grep",
  bash: "Bash",
};

/** Claude Code, the command `claude`. */
export class ClaudeCodeAgent extends CodingAgent<ClaudeCodeAgentOptions> {
  protected readonly program = "claude";
  protected readonly install = "npm install -g @anthropic-ai/claude-code, and log in with claude.";

  protected launch(session: string | undefined, allowed: readonly string[] | undefined): ProgramArguments {
    const { options } = this;
    const only = allowed?.map((name) => names[name] ?? name);
    const mode = options.permissionMode ?? ((options.yolo ?? true) ? "bypassPermissions" : undefined);
    const tools = only ?? options.tools;
    return {
      args: [
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        ...option("--model", options.model),
        ...option("--fallback-model", options.fallbackModel),
        ...option("--permission-mode", mode),
        ...(options.dangerouslySkipPermissions ? ["--dangerously-skip-permissions"] : []),
        ...option("--tools", typeof tools === "string" ? tools : tools?.join(",")),
        ...option("--allowedTools", (only ?? options.allowedTools)?.join(",")),
        ...option("--disallowedTools", options.disallowedTools?.join(",")),
        ...option("--append-system-prompt", options.appendSystemPrompt),
        ...option("--max-budget-usd", options.maxBudgetUsd),
        ...option("--settings", options.settings),
        ...(options.addDir?.length ? ["--add-dir", ...options.addDir] : []),
        ...(options.mcpConfig?.length ? ["--mcp-config", ...options.mcpConfig] : []),
        ...option("--resume", session ?? options.resume),
      ],
    };
  }

  protected read(event: Record<string, unknown>, transcript: Transcript): void {
    transcript.session(event.session_id);
    const message = fieldsOf(event.message);
    switch (event.type) {
      case "system":
        return transcript.model(event.model);
      case "assistant":
        transcript.model(message.model);
        for (const part of partsOf(message.content)) {
          if (part.type === "text") transcript.say(`${part.text}\n`);
          if (part.type === "tool_use") transcript.toolStarted(part.id, part.name, part.input);
        }
        return;
      case "user":
        for (const part of partsOf(message.content)) {
          if (part.type !== "tool_result") continue;
          transcript.toolEnded(part.tool_use_id, part.is_error === true ? textOf(part.content) : undefined);
        }
        return;
      case "result": {
        const usage = fieldsOf(event.usage);
        transcript.usage(totalInput(usage), usage.output_tokens);
        if (event.is_error === true || event.subtype !== "success") {
          return transcript.failed(typeof event.result === "string" ? event.result : event.subtype);
        }
        return transcript.answer(event.result);
      }
    }
  }
}

/** The tokens that were read, from the cache or not. */
function totalInput(usage: Record<string, unknown>): number | undefined {
  const counts = [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens];
  const known = counts.filter((count) => typeof count === "number");
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

const textOf = (content: unknown) =>
  partsOf(content)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("") || "The tool failed.";

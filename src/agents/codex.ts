import {
  CodingAgent,
  type CodingAgentOptions,
  cannotConfine,
  fieldsOf,
  option,
  type ProgramArguments,
  repeated,
  type Transcript,
} from "./coding-agent.ts";

export interface CodexAgentOptions extends CodingAgentOptions {
  /** Values of the configuration by name, or lines of it. */
  config?: Readonly<Record<string, unknown>> | readonly string[];
  sandbox?: "read-only" | "workspace-write" | "danger-full-access";
  fullAuto?: boolean;
  dangerouslyBypassApprovalsAndSandbox?: boolean;
  skipGitRepoCheck?: boolean;
  profile?: string;
  image?: readonly string[];
  addDir?: readonly string[];
  oss?: boolean;
}

/** Kinds of items that are calls of tools. */
const toolItems: ReadonlySet<unknown> = new Set(["command_execution", "file_change", "mcp_tool_call", "web_search"]);

/** The Codex CLI, the command `codex`. */
export class CodexAgent extends CodingAgent<CodexAgentOptions> {
  protected readonly program = "codex";
  protected readonly install = "npm install -g @openai/codex, and log in with codex login.";

  protected launch(session: string | undefined, allowed: readonly string[] | undefined): ProgramArguments {
    const { options } = this;
    if (allowed)
      throw cannotConfine("CodexAgent", 'Set its option sandbox: "read-only" instead, or use another agent.');
    const bypass =
      options.dangerouslyBypassApprovalsAndSandbox ??
      ((options.yolo ?? true) && !options.fullAuto && options.sandbox === undefined);
    // Options of exec come before the subcommand that continues a conversation.
    return {
      args: [
        "exec",
        "--json",
        ...(bypass ? ["--dangerously-bypass-approvals-and-sandbox"] : []),
        ...(options.fullAuto ? ["--full-auto"] : []),
        ...option("--sandbox", options.sandbox),
        ...option("--model", options.model),
        ...option("--profile", options.profile),
        ...(options.oss ? ["--oss"] : []),
        ...((options.skipGitRepoCheck ?? true) ? ["--skip-git-repo-check"] : []),
        ...repeated("--config", configLines(options.config)),
        ...repeated("--add-dir", options.addDir),
        ...repeated("--image", options.image),
        ...(session === undefined ? [] : ["resume", session]),
        "-",
      ],
    };
  }

  protected read(event: Record<string, unknown>, transcript: Transcript): void {
    const item = fieldsOf(event.item);
    switch (event.type) {
      case "thread.started":
        return transcript.session(event.thread_id);
      case "item.started":
        if (toolItems.has(item.type)) transcript.toolStarted(item.id, item.tool ?? item.type, givenIn(item));
        return;
      case "item.completed":
        if (item.type === "agent_message") {
          transcript.say(`${item.text}\n`);
          return transcript.answer(item.text);
        }
        if (!toolItems.has(item.type)) return;
        transcript.toolStarted(item.id, item.tool ?? item.type, givenIn(item));
        return transcript.toolEnded(item.id, item.status === "failed" ? problemOf(item) : undefined);
      case "turn.completed": {
        const usage = fieldsOf(event.usage);
        return transcript.usage(usage.input_tokens, usage.output_tokens);
      }
      case "turn.failed":
        return transcript.failed(fieldsOf(event.error).message);
      case "error":
        return transcript.failed(event.message);
    }
  }
}

const configLines = (config: CodexAgentOptions["config"]): readonly string[] =>
  isLines(config) ? config : Object.entries(config ?? {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`);

const isLines = (config: CodexAgentOptions["config"]): config is readonly string[] => Array.isArray(config);

function problemOf(item: Record<string, unknown>): string {
  const { message } = fieldsOf(item.error);
  if (typeof message === "string") return message;
  return typeof item.aggregated_output === "string" ? item.aggregated_output : "The tool failed.";
}

/** What a tool is called with, as far as the item tells. */
const givenIn = ({ command, changes, arguments: given, query }: Record<string, unknown>): unknown =>
  given ?? { command, changes, query };

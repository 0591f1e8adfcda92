import {
  CodingAgent,
  type CodingAgentOptions,
  cannotConfine,
  fieldsOf,
  option,
  type ProgramArguments,
  partsOf,
  repeated,
  type Transcript,
} from "./coding-agent.ts";

export interface KimiAgentOptions extends CodingAgentOptions {
  /** A conversation to continue. */
  session?: string;
  thinking?: boolean;
  agent?: "default" | "okabe";
  agentFile?: string;
  mcpConfigFile?: readonly string[];
  mcpConfig?: readonly string[];
  skillsDir?: string;
  maxStepsPerTurn?: number;
  maxRetriesPerStep?: number;
}

/** Kimi CLI, the command `kimi`. It does not tell the tokens that it uses. */
export class KimiAgent extends CodingAgent<KimiAgentOptions> {
  protected readonly program = "kimi";
  protected readonly install = "uv tool install kimi-cli, and log in with kimi.";

  protected launch(given: string | undefined, allowed: readonly string[] | undefined): ProgramArguments {
    const { options } = this;
    if (allowed) throw cannotConfine("KimiAgent", "Name the tools in its agentFile instead, or use another agent.");
    return {
      args: [
        "--print",
        "--output-format",
        "stream-json",
        ...option("--model", options.model),
        ...(options.thinking === undefined ? [] : [options.thinking ? "--thinking" : "--no-thinking"]),
        ...option("--agent", options.agent),
        ...option("--agent-file", options.agentFile),
        ...repeated("--mcp-config-file", options.mcpConfigFile),
        ...repeated("--mcp-config", options.mcpConfig),
        ...option("--skills-dir", options.skillsDir),
        ...option("--max-steps-per-turn", options.maxStepsPerTurn),
        ...option("--max-retries-per-step", options.maxRetriesPerStep),
        ...option("--session", given ?? options.session),
      ],
    };
  }

  protected override readStderr(text: string, transcript: Transcript): void {
    transcript.session(/To resume this session: kimi (?:-r|--resume|--session) (\S+)/.exec(text)?.[1]);
  }

  protected read(event: Record<string, unknown>, transcript: Transcript): void {
    if (event.role === "meta") return transcript.session(event.session_id);
    if (event.role === "tool") return transcript.toolEnded(event.tool_call_id, undefined);
    if (event.role !== "assistant") return;
    for (const call of partsOf(event.tool_calls)) {
      const { name, arguments: given } = fieldsOf(call.function);
      transcript.toolStarted(call.id, name, given);
    }
    const text = partsOf(event.content)
      .filter(({ type }) => type === "text")
      .map((part) => part.text)
      .join("");
    if (text === "") return;
    transcript.say(`${text}\n`);
    transcript.answer(text);
  }
}

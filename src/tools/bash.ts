import { z } from "zod";
import { callTool, parseInput } from "./call.ts";
import { runCommand } from "./command.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "./define-tool.ts";

export interface BashOptions {
  /** The folder to run in, relative to the run's `rootDir`. Default: `rootDir` itself. */
  cwd?: string;
  /** Time limit, in ms. Default: 60000. */
  timeoutMs?: number;
  /** Environment variables in addition to PATH, HOME and LANG; the command sees no others. */
  env?: Record<string, string>;
}

/** Longest delay of a JavaScript timer, in ms. */
const maxTimeoutMs = 2_147_483_647;

const inputSchema = z.object({
  command: z
    .string()
    .min(1)
    .refine((text) => !text.includes("\0"), "it contains a NUL character, which a command cannot")
    .describe("the command that bash runs"),
  cwd: z.string().min(1).optional().describe("the folder to run it in, relative to the root folder"),
  timeoutMs: z.number().positive().max(maxTimeoutMs).optional().describe("time limit in milliseconds; default 60000"),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().regex(/^[^\0]*$/))
    .optional()
    .describe("environment variables in addition to PATH, HOME and LANG"),
});

/** {@link bash}, with what the AI SDK needs. */
export interface BashTool extends ToolParts<typeof inputSchema, string> {
  (command: string, options?: BashOptions): Promise<string>;
  (input: z.input<typeof inputSchema>): Promise<string>;
  (parts: TemplateStringsArray, ...values: unknown[]): Promise<string>;
}

const traits = { name: "bash", sideEffect: true, idempotent: false };

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool(traits, input, options?.abortSignal, (context) => runCommand(input, context));
}

async function call(first: string | TemplateStringsArray | object, ...rest: unknown[]): Promise<string> {
  const input =
    typeof first === "string"
      ? { ...(rest[0] as BashOptions | undefined), command: first }
      : isTemplate(first)
        ? { command: String.raw({ raw: first }, ...rest.map(quote)) }
        : first;
  return invoke(parseInput("bash", inputSchema, input));
}

/**
 * Runs a command with `bash -c` and returns its stdout without the final newline. As a tagged template it quotes
 * what is interpolated; an array becomes as many words.
 *
 * The command runs in a sandbox that the operating system enforces: it writes only below `rootDir` and in a
 * temporary folder of its own, sees no other process, none of the server's environment, and no network unless the
 * run allows it. When its first process ends, or after `timeoutMs`, everything that it has started ends.
 *
 * @throws TOOL_COMMAND_FAILED with `{ exitCode, stdout, stderr }` when the command fails or takes too long,
 *   TOOL_PATH_ESCAPE when `cwd` is outside of the root, TOOL_SANDBOX_UNAVAILABLE, INVALID_INPUT
 * @example
 * await bash("echo hi");
 * await bash`echo ${text}`;
 * await bash("npm test", { cwd: "packages/a", timeoutMs: 300_000 });
 */
export const bash: BashTool = asTool("bash", call as BashTool, {
  description:
    "Runs a command with bash in the root folder and returns its stdout. It can write only below the root folder and in /tmp, which is empty at each call; it may have no network.",
  inputSchema,
  execute: invoke,
});

const isTemplate = (first: object): first is TemplateStringsArray => Array.isArray(first) && "raw" in first;

/** Quotes a value as one word of a shell command, and an array as several words. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return value.map(quote).join(" ");
  return `'${String(value).replaceAll("'", "'\\''")}'`;
}

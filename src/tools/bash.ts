import { realpathSync } from "node:fs";
import { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { callTool, parseInput, type ToolContext } from "./call.ts";
import { confinedFolder } from "./confined.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "./define-tool.ts";
import { type Executed, execute } from "./execute.ts";
import {
  existingFiles,
  findProgram,
  findSandbox,
  isBelow,
  pathSockets,
  programsInPrivateFolders,
  type SandboxPolicy,
} from "./sandbox/index.ts";

export interface BashOptions {
  /** Below the run's `rootDir`, which is the default. */
  cwd?: string;
  /** Defaults to 60000. */
  timeoutMs?: number;
  /** Beside PATH, HOME and LANG, all that the command sees. */
  env?: Record<string, string>;
}

const defaultTimeoutMs = 60_000;
/** The longest that a timer of JavaScript can wait. */
const maxTimeoutMs = 2_147_483_647;

const inputSchema = z.object({
  command: z
    .string()
    .min(1)
    .refine((text) => !text.includes("\0"), "it holds a NUL character, which no command can")
    .describe("what bash is to run"),
  cwd: z.string().min(1).optional().describe("the folder to run it in, relative to the root folder"),
  timeoutMs: z
    .number()
    .positive()
    .max(maxTimeoutMs)
    .optional()
    .describe("milliseconds until it is ended; 60000 when absent"),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().regex(/^[^\0]*$/))
    .optional()
    .describe("environment variables beside PATH, HOME and LANG"),
});

/** {@link bash}, with what the AI SDK needs. */
export interface BashTool extends ToolParts<typeof inputSchema, string> {
  (command: string, options?: BashOptions): Promise<string>;
  (input: z.input<typeof inputSchema>): Promise<string>;
  (parts: TemplateStringsArray, ...values: unknown[]): Promise<string>;
}

const traits = { name: "bash", sideEffect: true, idempotent: false };

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool(traits, options?.abortSignal, (context) => run(input, context));
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

/** As one word of a shell command; an array is as many words. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return value.map(quote).join(" ");
  return `'${String(value).replaceAll("'", "'\\''")}'`;
}

async function run(input: z.output<typeof inputSchema>, context: ToolContext): Promise<string> {
  const { command, cwd, timeoutMs = defaultTimeoutMs, env = {} } = input;
  const sandbox = await findSandbox();
  const program = findProgram("bash");
  if (!program) throw new SmithersError("TOOL_SANDBOX_UNAVAILABLE", "bash is not installed.");
  const rootDir = realpathSync(context.rootDir);
  const policy: SandboxPolicy = {
    rootDir,
    readOnly: false,
    cwd: cwd === undefined ? rootDir : confinedFolder(rootDir, cwd),
    allowNetwork: context.allowNetwork,
    hidden: [...existingFiles(context.privatePaths, rootDir), ...pathSockets(rootDir)],
    // By the server's PATH alone: one that an agent passes could uncover a folder of sockets.
    visible: programsInPrivateFolders(systemEnv().PATH).filter((path) => !isBelow(path, rootDir)),
    env: { ...systemEnv(), ...env },
  };
  let executed: Executed;
  try {
    executed = await execute(sandbox.wrap(policy, [program, "-c", "--", command]), {
      timeoutMs,
      signal: context.signal,
      onOutput: context.output,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = reason.includes("E2BIG") ? " Put what is long into a file." : "";
    throw new SmithersError("TOOL_COMMAND_FAILED", `The command could not be started: ${reason}.${hint}`, { cause });
  }
  const { exitCode, ended, stdout, stderr } = executed;
  if (exitCode === 0 && ended === undefined) return stdout.endsWith("\n") ? stdout.slice(0, -1) : stdout;
  const result =
    ended === "timeout"
      ? `ran longer than ${timeoutMs} ms`
      : ended === "abort"
        ? "was cancelled"
        : `exited with ${exitCode}`;
  const said = (stderr || stdout).trim().slice(-500);
  throw new SmithersError("TOOL_COMMAND_FAILED", `The command ${result}${said ? `: ${said}` : ""}.`, {
    details: { exitCode: ended === undefined ? exitCode : null, stdout, stderr },
  });
}

function systemEnv(): Record<string, string> & { PATH: string } {
  const { PATH = "/usr/local/bin:/usr/bin:/bin", HOME = "/", LANG } = process.env;
  return LANG === undefined ? { PATH, HOME } : { PATH, HOME, LANG };
}

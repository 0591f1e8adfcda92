import { realpathSync } from "node:fs";
import { messageOf, SmithersError } from "../errors/index.ts";
import type { ToolContext } from "./call.ts";
import { failureOf } from "./command-failure.ts";
import { confinedFolder } from "./confined.ts";
import { type Executed, execute } from "./execute.ts";
import {
  existingFiles,
  findProgram,
  findSandbox,
  isBelow,
  isCovered,
  pathSockets,
  programsInPrivateFolders,
  type SandboxPolicy,
} from "./sandbox/index.ts";

/** A command for bash. */
export interface Command {
  readonly command: string;
  /** Relative to the root folder, which is the default. */
  readonly cwd?: string;
  /** Defaults to 60000. */
  readonly timeoutMs?: number;
  /** Environment variables in addition to PATH, HOME and LANG. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The part of a tool's context that decides what a command may do. */
export type CommandLimits = Pick<ToolContext, "rootDir" | "allowNetwork" | "privatePaths" | "signal" | "output">;

const defaultTimeoutMs = 60_000;

/**
 * Runs a command in the sandbox of this machine and returns its stdout without the final newline.
 *
 * @throws TOOL_COMMAND_FAILED with `{ exitCode, stdout, stderr }`, TOOL_PATH_ESCAPE, TOOL_FILE_FAILED,
 *   TOOL_SANDBOX_UNAVAILABLE when there is no sandbox or it cannot be set up
 */
export async function runCommand(input: Command, context: CommandLimits): Promise<string> {
  const { command, cwd, timeoutMs = defaultTimeoutMs, env = {} } = input;
  const sandbox = await findSandbox();
  const program = findProgram("bash");
  if (!program) throw new SmithersError("TOOL_SANDBOX_UNAVAILABLE", "bash is not installed.");
  const rootDir = realpathSync(context.rootDir);
  // Only the server's PATH counts: one that an agent passes could uncover a folder of sockets.
  const visible = programsInPrivateFolders(systemEnv().PATH).filter((path) => !isBelow(path, rootDir));
  const hidden = [...existingFiles(context.privatePaths, rootDir), ...pathSockets(rootDir)];
  const policy: SandboxPolicy = {
    rootDir,
    readOnly: false,
    cwd: cwd === undefined ? rootDir : confinedFolder(rootDir, cwd),
    allowNetwork: context.allowNetwork,
    hidden: hidden.filter((path) => !isCovered(path, [rootDir, ...visible])),
    visible,
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
    const reason = messageOf(cause);
    const hint = reason.includes("E2BIG") ? " Put what is long into a file." : "";
    throw new SmithersError("TOOL_COMMAND_FAILED", `The command could not be started: ${reason}.${hint}`, { cause });
  }
  const { exitCode, ended, stdout } = executed;
  if (exitCode === 0 && ended === undefined && executed.hasStarted) {
    return stdout.endsWith("\n") ? stdout.slice(0, -1) : stdout;
  }
  throw failureOf(executed, { sandbox: sandbox.name, timeoutMs, rootDir, allowNetwork: context.allowNetwork });
}

function systemEnv(): Record<string, string> & { PATH: string } {
  const { PATH = "/usr/local/bin:/usr/bin:/bin", HOME = "/", LANG } = process.env;
  return LANG === undefined ? { PATH, HOME } : { PATH, HOME, LANG };
}

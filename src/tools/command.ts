import { realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { messageOf, SmithersError } from "../errors/index.ts";
import type { OwnToolContext } from "./call.ts";
import { failureOf } from "./command-failure.ts";
import { confinedFolder, type OpenRoot, withRoot } from "./confined.ts";
import { type Executed, execute } from "./execute.ts";
import { guardOf, undo, watch } from "./guard/index.ts";
import {
  existingFiles,
  findProgram,
  findSandbox,
  isBelow,
  maxTemporaryBytes,
  programFolders,
  type SandboxPolicy,
  start,
  temporaryDir,
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
export type CommandLimits = Pick<
  OwnToolContext,
  "root" | "rootDir" | "allowNetwork" | "fileRules" | "signal" | "output"
>;

const defaultTimeoutMs = 60_000;
const defaultPath = "/usr/local/bin:/usr/bin:/bin";

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
  const base = systemEnv();
  const { fileRules } = context;
  const rootDir = realpathSync(context.root.rootDir);
  const guard = await guardOf(rootDir, fileRules);
  const watched = watch(guard.watched.filter((path) => isBelow(path, join(rootDir, context.root.narrowedTo))));
  const startIn = (root: OpenRoot) => {
    const policy: SandboxPolicy = {
      rootDir: root.path,
      rootFd: root.fd,
      readOnly: false,
      cwd: cwd === undefined ? root.path : confinedFolder(context.root, cwd),
      allowNetwork: context.allowNetwork,
      // Only the server's PATH counts: an agent could pass one that uncovers something.
      readable: [
        ...programFolders(base.PATH, process.env.HOME),
        ...fileRules.readable.map((path) => resolve(rootDir, path)),
      ],
      hidden: [...existingFiles(fileRules.privatePaths(), rootDir), ...guard.hidden],
      protected: guard.readOnly,
      writable: guard.writable,
      temporaryBytes: maxTemporaryBytes,
      env: { ...base, ...env },
    };
    return start(sandbox, policy, [program, "-c", "--", command]);
  };
  let executed: Executed;
  try {
    const child = withRoot(context.root, cwd ?? ".", startIn);
    executed = await execute(child, { timeoutMs, signal: context.signal, onOutput: context.output });
  } catch (cause) {
    if (cause instanceof SmithersError) throw cause;
    const reason = messageOf(cause);
    const hint = reason.includes("E2BIG") ? " Put what is long into a file." : "";
    throw new SmithersError("TOOL_COMMAND_FAILED", `The command could not be started: ${reason}.${hint}`, { cause });
  }
  refusePlanted(rootDir, undo(watched));
  const { exitCode, ended, stdout } = executed;
  if (exitCode === 0 && ended === undefined && executed.hasStarted) {
    return stdout.endsWith("\n") ? stdout.slice(0, -1) : stdout;
  }
  throw failureOf(executed, { sandbox: sandbox.name, timeoutMs, ...context });
}

/** @throws TOOL_PATH_ESCAPE when a command has made something that the server would load */
function refusePlanted(rootDir: string, undone: ReturnType<typeof undo>): void {
  if (undone.length === 0) return;
  const names = undone.map(({ path, renamedTo }) => {
    const what = `"${relative(rootDir, path)}"`;
    return renamedTo === undefined ? what : `${what} (now "${relative(rootDir, renamedTo)}")`;
  });
  throw new SmithersError(
    "TOOL_PATH_ESCAPE",
    `The command has put something where the server would load it, which was undone: ${names.join(", ")}. The option writable makes exceptions.`,
    { details: { paths: undone.map(({ path }) => relative(rootDir, path)) } },
  );
}

/** The environment of every command. A home folder is made where the server has none. */
function systemEnv(): Record<string, string> & { PATH: string } {
  const { PATH = defaultPath, HOME, LANG } = process.env;
  const home = HOME?.startsWith("/") && HOME !== "/" ? HOME : temporaryDir;
  return { PATH, HOME: home, ...(LANG !== undefined && { LANG }) };
}

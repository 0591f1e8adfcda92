import { realpathSync } from "node:fs";
import { totalmem } from "node:os";
import { join, relative, sep } from "node:path";
import { messageOf, SmithersError } from "../errors/index.ts";
import { commandFailure, notStarted } from "./command-failure.ts";
import { type Command, type CommandLimits, policyFor } from "./command-policy.ts";
import { withRoot } from "./confined.ts";
import { type Executed, execute } from "./execute.ts";
import { commandWatch, type Guard, guardOf, notePaths, noteRepositories, type Undone } from "./guard/index.ts";
import { type Guardian, startGuardian } from "./guardian.ts";
import {
  findProgram,
  findSandbox,
  isBelow,
  maxTemporaryBytes,
  minTemporaryBytes,
  type Sandbox,
  start,
} from "./sandbox/index.ts";
import { Shares } from "./shares.ts";

export type { Command, CommandLimits } from "./command-policy.ts";

const defaultTimeoutMs = 60_000;

/** What the commands of this process have together. Their temporary files lie in memory. */
const shares = new Shares({
  commands: 64,
  bytes: Math.min(4 * maxTemporaryBytes, totalmem() / 4),
  mostBytes: maxTemporaryBytes,
  leastBytes: minTemporaryBytes,
});

/**
 * Runs a command in the sandbox of this machine and returns its stdout without the final newline. While many others
 * run, it waits for its turn; its time limit counts from its start.
 *
 * @throws TOOL_COMMAND_FAILED with `{ exitCode, stdout, stderr }`, TOOL_PATH_ESCAPE, TOOL_FILE_FAILED,
 *   TOOL_SANDBOX_UNAVAILABLE when there is no sandbox or it cannot be set up
 */
export async function runCommand(command: Command, limits: CommandLimits): Promise<string> {
  const sandbox = await findSandbox();
  const share = await shares.take(limits.signal);
  try {
    const executed = await executeIn(sandbox, command, limits, share.temporaryBytes);
    const { exitCode, ended, stdout, hasStarted } = executed;
    if (exitCode === 0 && ended === undefined && hasStarted) return stdout.replace(/\n$/, "");
    const { timeoutMs = defaultTimeoutMs } = command;
    throw commandFailure(executed, { sandbox: sandbox.name, timeoutMs, ...limits });
  } finally {
    share.release();
  }
}

async function executeIn(
  sandbox: Sandbox,
  command: Command,
  limits: CommandLimits,
  temporaryBytes: number,
): Promise<Executed> {
  const bash = findProgram("bash");
  if (!bash) throw new SmithersError("TOOL_SANDBOX_UNAVAILABLE", "bash is not installed.");
  const rootDir = realpathSync(limits.root.rootDir);
  if (rootDir === sep && limits.root.narrowedTo === "") throw wholeFileSystem();
  const guard = await guardOf(rootDir, limits.fileRules).catch((cause) => {
    throw cause instanceof SmithersError ? cause : notStarted(messageOf(cause), cause);
  });
  const below = watchedBelow(guard, join(rootDir, limits.root.narrowedTo));
  const { repository } = limits.worktree ?? {};
  const watched = new Map([
    ...notePaths(rootDir, below),
    ...noteRepositories(rootDir, guard.repositories),
    ...(repository ? notePaths(repository.dir, repository.watched) : []),
  ]);
  if (watched.size > maxWatched) throw tooMuchToWatch(rootDir);
  const undoAll = await commandWatch().begin(watched);
  let guardian: Guardian | undefined;
  try {
    const child = withRoot(limits.root, command.cwd ?? ".", (root) =>
      start(sandbox, policyFor(command, limits, { root, guard, temporaryBytes }), [bash, "-c", "--", command.command]),
    );
    // After the sandbox, whose start takes longer.
    guardian = startGuardian(watched, child.groups);
    const { timeoutMs = defaultTimeoutMs } = command;
    const executed = await execute(child, { timeoutMs, signal: limits.signal, onOutput: limits.output });
    refusePlanted(rootDir, await undoAll());
    return executed;
  } catch (cause) {
    if (cause instanceof SmithersError) throw cause;
    throw notStarted(messageOf(cause), cause);
  } finally {
    await undoAll();
    guardian?.ended();
  }
}

/** Most paths that are watched while a command runs: the server looks at each of them, and commands can add to them. */
const maxWatched = 20_000;

function tooMuchToWatch(rootDir: string): SmithersError {
  return new SmithersError(
    "TOOL_SANDBOX_UNAVAILABLE",
    `A command can have ${maxWatched} paths watched where the server would load a file, and ${rootDir} has more. Put workflows and what they import into few folders of their own, or set rootDir to a smaller folder.`,
  );
}

function wholeFileSystem(): SmithersError {
  const problem =
    "The root folder is the whole file system, so commands cannot be confined to it; set rootDir to a folder.";
  return new SmithersError("TOOL_SANDBOX_UNAVAILABLE", problem);
}

/** Only what lies below its own root can a command change. */
const watchedBelow = ({ watched }: Guard, folder: string) => watched.filter((path) => isBelow(path, folder));

/** @throws TOOL_PATH_ESCAPE when a command has made something that the server would load */
function refusePlanted(rootDir: string, undone: readonly Undone[]): void {
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

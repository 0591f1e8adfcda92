import { join, resolve } from "node:path";
import type { OwnToolContext } from "./call.ts";
import { confinedFolder, type OpenRoot } from "./confined.ts";
import type { Guard } from "./guard/index.ts";
import { existingFiles, maxMemoryBytes, programFolders, type SandboxPolicy, temporaryDir } from "./sandbox/index.ts";

/** A command for bash. */
export interface Command {
  readonly command: string;
  /** The folder to run in, relative to the root folder. Default: the root folder. */
  readonly cwd?: string;
  /** Time limit, in ms. Default: 60000. */
  readonly timeoutMs?: number;
  /** Environment variables in addition to PATH, HOME and LANG. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The part of a tool's context that decides what a command may do. */
export type CommandLimits = Pick<
  OwnToolContext,
  "root" | "rootDir" | "allowNetwork" | "fileRules" | "worktree" | "signal" | "output"
>;

/** The facts about a command that are known only when it starts. */
export interface CommandPlace {
  readonly root: OpenRoot;
  readonly guard: Guard;
  readonly temporaryBytes: number;
}

const defaultPath = "/usr/local/bin:/usr/bin:/bin";

/**
 * The policy that a sandbox enforces on a command.
 * @throws TOOL_PATH_ESCAPE, TOOL_FILE_FAILED for its `cwd`
 */
export function policyFor({ cwd, env }: Command, limits: CommandLimits, place: CommandPlace): SandboxPolicy {
  const { root, guard, temporaryBytes } = place;
  const { fileRules } = limits;
  // A task that is confined to a folder of its worktree has no use for the repository.
  const worktree = limits.worktree?.path === root.path ? limits.worktree : undefined;
  const base = systemEnv();
  return {
    rootDir: root.path,
    rootFd: root.fd,
    readOnly: false,
    cwd: cwd === undefined ? root.path : confinedFolder(limits.root, cwd),
    allowNetwork: limits.allowNetwork,
    readable: [
      // Only the server's PATH counts: an agent could pass one that uncovers something.
      ...programFolders(base.PATH, process.env.HOME),
      ...fileRules.readable.map((path) => resolve(limits.root.rootDir, path)),
    ],
    hidden: existingFiles([...fileRules.privatePaths(), ...guard.hidden], root.path),
    // What says where the repository is must stay: git follows it outside of the sandbox too.
    protected: worktree ? [...guard.readOnly, join(worktree.path, ".git")] : guard.readOnly,
    ...(worktree && { repository: worktree.repository }),
    writable: guard.writable,
    memoryBytes: maxMemoryBytes,
    temporaryBytes,
    env: { ...base, ...env },
  };
}

/** The environment of every command. Without a usable `HOME`, the temporary folder is the home. */
function systemEnv(): Record<string, string> & { PATH: string } {
  const { PATH = defaultPath, HOME, LANG } = process.env;
  const home = HOME?.startsWith("/") && HOME !== "/" ? HOME : temporaryDir;
  return { PATH, HOME: home, ...(LANG !== undefined && { LANG }) };
}

import type { HeldMount } from "./held.ts";
import { maxMemoryBytes, minTemporaryBytes } from "./limits.ts";

/** What a command may do, independent of what enforces it. All paths are absolute. */
export interface SandboxPolicy {
  /** The root folder: seen at its own path, and writable unless `readOnly` is true. */
  readonly rootDir: string;
  /** A descriptor of the root folder. The sandbox shows this folder, or fails if another one has taken its path. */
  readonly rootFd: number;
  readonly readOnly: boolean;
  /** Where the command starts; below `rootDir`. */
  readonly cwd: string;
  readonly allowNetwork: boolean;
  /** Files and folders outside the root that a command can read, in addition to the system's own. */
  readonly readable: readonly string[];
  /** Files that can be neither read nor written, wherever a command sees them. */
  readonly hidden: readonly string[];
  /** Files and folders below the root that a command can read and not change. */
  readonly protected: readonly string[];
  /** Files and folders inside protected ones that a command can still change. */
  readonly writable: readonly string[];
  /** A repository outside the root that commands use: a worktree's. */
  readonly repository?: SharedRepository;
  /** The memory of all its processes together, in bytes, where the kernel can count it. */
  readonly memoryBytes: number;
  /** The size of the temporary file systems of the command together, in bytes. They lie in memory. */
  readonly temporaryBytes: number;
  /** The whole environment of the command. `HOME` is an empty folder unless it lies below the root. */
  readonly env: Readonly<Record<string, string>>;
}

/** The policy of a command that can write only below a folder, and reach no network. */
export function confinedTo(rootDir: string, rootFd: number): SandboxPolicy {
  return {
    rootDir,
    rootFd,
    cwd: rootDir,
    readOnly: false,
    allowNetwork: false,
    readable: [],
    hidden: [],
    protected: [],
    writable: [],
    memoryBytes: maxMemoryBytes,
    temporaryBytes: minTemporaryBytes,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  };
}

/** A repository that commands can read and partly change. All paths are absolute; the others lie below `dir`. */
export interface SharedRepository {
  readonly dir: string;
  readonly writable: readonly string[];
  /** Files in the writable folders that stay read-only. */
  readonly protected: readonly string[];
}

/** How to start a command in a sandbox. */
export interface SandboxedCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** What the sandbox reads from {@link settingsFd}. Other users of the machine can see arguments, but not this. */
  readonly settings: string | Uint8Array;
  /** The descriptors from {@link firstInputFd} on: bytes to read, or the number of a descriptor of this process. */
  readonly inputs: readonly (Uint8Array | number)[];
  /** Whether the sandbox was set up and has executed the command, by what it has written to {@link statusFd}. */
  hasStarted(status: string): boolean;
  /** What prevented the command from being executed, if that can be told from the same bytes, each as a character. */
  problem?(status: string): string | undefined;
}

export const settingsFd = 3;
export const statusFd = 4;
export const firstInputFd = 5;

/** How a sandbox enters the control group of its command. */
export interface GroupEntry {
  /** Descriptors that a process writes 0 to in order to enter the group. */
  readonly doors: readonly number[];
  /** Whether the group limits the number of processes. */
  readonly countsProcesses: boolean;
}

/** Something that enforces a policy. */
export interface Sandbox {
  readonly name: "bubblewrap" | "unshare" | "sandbox-exec";
  /** Whether it enters a control group by itself. Otherwise it is moved there before it reads its settings. */
  readonly entersGroup: boolean;
  /** @param mounts what the command sees of the file system */
  wrap(
    policy: SandboxPolicy,
    mounts: readonly HeldMount[],
    command: readonly string[],
    group: GroupEntry,
  ): SandboxedCommand;
}

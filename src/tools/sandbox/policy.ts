import type { HeldMount } from "./held.ts";

/** What a command may do, whatever enforces it. All paths are absolute. */
export interface SandboxPolicy {
  /** Seen at its own path, and writable unless `readOnly` says otherwise. */
  readonly rootDir: string;
  /** A descriptor of the root folder, which the sandbox shows even if something else lies at the path by then. */
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
  /** Files and folders in protected ones that a command can change nevertheless. */
  readonly writable: readonly string[];
  /** The memory of all its processes together, in bytes, where the kernel can count it. */
  readonly memoryBytes: number;
  /** The size of the temporary file systems of the command together, in bytes. They lie in memory. */
  readonly temporaryBytes: number;
  /** All that the command sees of an environment. `HOME` is an empty folder unless it lies below the root. */
  readonly env: Readonly<Record<string, string>>;
}

/** How to start a command in a sandbox. */
export interface SandboxedCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** What the sandbox reads from {@link settingsFd}. Every user of the machine can see arguments, and not this. */
  readonly settings: string;
  /** What it finds at the descriptors from {@link firstInputFd} on: bytes to read, or a file that is open here. */
  readonly inputs: readonly (Uint8Array | number)[];
  /** Whether the sandbox was set up and has executed the command, by what it has written to {@link statusFd}. */
  hasStarted(status: string): boolean;
}

export const settingsFd = 3;
export const statusFd = 4;
export const firstInputFd = 5;

/** What a sandbox knows of the control group of its command. */
export interface GroupEntry {
  /** Descriptors that a process writes 0 to in order to enter the group. */
  readonly doors: readonly number[];
  /** Whether the group bounds how many processes there are. */
  readonly countsProcesses: boolean;
}

/** Something that enforces a policy. */
export interface Sandbox {
  readonly name: "bubblewrap" | "unshare" | "sandbox-exec";
  /** Whether it enters a control group by itself; if not, it is moved into the group before it reads its settings. */
  readonly entersGroup: boolean;
  /** @param mounts what the command sees of the file system */
  wrap(
    policy: SandboxPolicy,
    mounts: readonly HeldMount[],
    command: readonly string[],
    group: GroupEntry,
  ): SandboxedCommand;
}

/** What a command may do, whatever enforces it. All paths are absolute and free of links. */
export interface SandboxPolicy {
  /** Seen at its own path, and writable unless `readOnly` says otherwise. */
  readonly rootDir: string;
  readonly readOnly: boolean;
  /** Where the command starts; below `rootDir`. */
  readonly cwd: string;
  readonly allowNetwork: boolean;
  /** Nothing of the file system is seen but `rootDir`, the system's programs, and what is `visible`. */
  readonly bare?: boolean;
  /** Files and folders that are seen, and read-only, though they lie where a command has empty folders of its own. */
  readonly visible: readonly string[];
  /** Files that exist and can neither be read nor written. */
  readonly hidden: readonly string[];
  /** All that the command sees of an environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** How to start a command in a sandbox. */
export interface SandboxedCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Written to the file descriptor 3, and closed. Arguments can be seen by every user of the machine; this cannot. */
  readonly input: string;
  /** Whether the sandbox was set up and has executed the command, by what it has written to the file descriptor 4. */
  hasStarted(status: string): boolean;
}

/** Something that enforces a policy. */
export interface Sandbox {
  readonly name: "bubblewrap" | "unshare" | "sandbox-exec";
  wrap(policy: SandboxPolicy, command: readonly string[]): SandboxedCommand;
}

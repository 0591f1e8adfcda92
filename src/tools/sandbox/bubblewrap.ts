import { existsSync, lstatSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { isBelow, privateFolders } from "./hidden.ts";
import { limitArgs, maxProcesses, maxTemporaryBytes } from "./limits.ts";
import type { Sandbox, SandboxedCommand, SandboxPolicy } from "./policy.ts";

/** What this machine's bubblewrap, and what surrounds it, can do. */
export interface BubblewrapFeatures {
  readonly bwrap: string;
  readonly prlimit: string;
  /** Whether user namespaces may be made: without, only root can use bubblewrap. */
  readonly userNamespace: boolean;
  /** Whether its release knows `--disable-userns`. */
  readonly canDisableUserNamespaces: boolean;
  /** Whether its release knows `--size`. */
  readonly canLimitTmpfs: boolean;
  /** RLIMIT_NPROC counts what this user runs in the sandbox alone. */
  readonly countsProcesses: boolean;
  /** For root: programs that bound the PID namespace itself. */
  readonly pidLimit: { readonly setpriv: string; readonly unshare: string; readonly sh: string } | undefined;
}

/** Of the kernel's own files, those that root may write to without any capability, and those that tell of the host. */
const kernelFiles = {
  readOnly: ["/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs"],
  hidden: ["/proc/sysrq-trigger", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats"],
};

export function bubblewrap(features: BubblewrapFeatures): Sandbox {
  return {
    name: "bubblewrap",
    wrap(policy, command): SandboxedCommand {
      const options = [...namespaces(features, policy), ...mounts(features, policy), "--chdir", policy.cwd];
      for (const [name, value] of Object.entries(policy.env)) options.push("--setenv", name, value);
      const inner = [features.prlimit, ...limitArgs(features.countsProcesses), ...command];
      const [file, ...args] = bounded(features, [features.bwrap, "--args", "3", "--json-status-fd", "4", ...inner]);
      return {
        file: file!,
        args,
        input: options.map((option) => `${option}\0`).join(""),
        // bubblewrap reports an exit code only of a command that it has executed.
        hasStarted: (status) => status.includes('"exit-code"'),
      };
    },
  };
}

function namespaces(features: BubblewrapFeatures, policy: SandboxPolicy): string[] {
  const options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
  if (features.userNamespace) options.push("--unshare-user");
  if (features.userNamespace && features.canDisableUserNamespaces) options.push("--disable-userns");
  if (!policy.allowNetwork) options.push("--unshare-net");
  return [...options, "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
}

function mounts(features: BubblewrapFeatures, policy: SandboxPolicy): string[] {
  const bindRoot = [policy.readOnly ? "--ro-bind" : "--bind", policy.rootDir, policy.rootDir];
  const tmpfs = (path: string) => [
    ...(features.canLimitTmpfs ? ["--size", String(maxTemporaryBytes)] : []),
    "--tmpfs",
    path,
  ];
  const options = policy.bare ? bareSystem() : ["--ro-bind", "/", "/"];
  // A root that holds the folders to be hidden must be there before them.
  const rootHoldsAll = policy.rootDir === "/";
  if (rootHoldsAll) options.push(...bindRoot);
  options.push("--dev", "/dev", ...tmpfs("/dev/shm"), "--proc", "/proc");
  for (const path of kernelFiles.readOnly) if (existsSync(path)) options.push("--ro-bind", path, path);
  for (const path of kernelFiles.hidden) if (existsSync(path)) options.push("--ro-bind", "/dev/null", path);
  for (const path of privateFolders) if (policy.bare || isFolder(path)) options.push(...tmpfs(path));
  for (const path of policy.visible) options.push("--ro-bind", path, path);
  if (policy.allowNetwork) options.push(...nameResolution());
  if (!rootHoldsAll) options.push(...bindRoot);
  for (const path of policy.hidden) options.push("--ro-bind", "/dev/null", path);
  return options;
}

/** The programs of the system and their libraries, and nothing that tells of its users. */
function bareSystem(): string[] {
  const folders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];
  return folders.flatMap((path) => (existsSync(path) ? ["--ro-bind", path, path] : []));
}

/** Where /etc/resolv.conf leads, if that is among the hidden folders. */
function nameResolution(): string[] {
  try {
    const path = realpathSync("/etc/resolv.conf");
    if (!privateFolders.some((folder) => isBelow(path, folder))) return [];
    return ["--dir", dirname(path), "--ro-bind", path, path];
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Root is bound by no count of processes, but by the numbers that a PID namespace has to give. The namespace needs a
 * /proc of its own: bubblewrap looks itself up there, and in a container's finds nobody by its number.
 */
function bounded({ pidLimit }: BubblewrapFeatures, command: string[]): string[] {
  if (!pidLimit) return command;
  const { setpriv, unshare, sh } = pidLimit;
  const script = `echo ${maxProcesses} > /proc/sys/kernel/pid_max && exec "$@"`;
  const inNamespace = [
    unshare,
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
    "--",
    sh,
    "-c",
    script,
    "sh",
    ...command,
  ];
  return [setpriv, "--pdeathsig", "KILL", ...inNamespace];
}

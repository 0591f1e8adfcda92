import { existsSync } from "node:fs";
import type { HeldMount } from "./held.ts";
import { limitArgs, maxProcesses } from "./limits.ts";
import {
  firstInputFd,
  type Sandbox,
  type SandboxedCommand,
  type SandboxPolicy,
  settingsFd,
  statusFd,
} from "./policy.ts";
import { hiddenOfTheKernel } from "./view.ts";

/** What bubblewrap and the kernel of this machine can do. */
export interface BubblewrapFeatures {
  readonly bwrap: string;
  readonly prlimit: string;
  /** Which system calls are refused; see `seccomp/filter.ts`. */
  readonly filter: Uint8Array;
  /** Whether to make a user namespace. Only root can use bubblewrap without one. */
  readonly userNamespace: boolean;
  /** Whether RLIMIT_NPROC counts only the processes inside the sandbox. */
  readonly countsProcesses: boolean;
  /** For root: the programs that limit the PID namespace itself. */
  readonly pidLimit: { readonly setpriv: string; readonly unshare: string; readonly sh: string } | undefined;
}

/** Options that bubblewrap must know. The packages of Debian 12 and Ubuntu 24.04 do. */
export const neededOptions = ["--bind-fd", "--disable-userns", "--json-status-fd", "--perms", "--seccomp", "--size"];

export function bubblewrap(features: BubblewrapFeatures): Sandbox {
  return {
    name: "bubblewrap",
    entersGroup: false,
    wrap(policy, mounts, command, group): SandboxedCommand {
      const inputs: (Uint8Array | number)[] = [];
      const input = (each: Uint8Array | number) => String(firstInputFd + inputs.push(each) - 1);
      const options = [
        ...namespaces(features, policy),
        ...["--seccomp", input(features.filter)],
        ...["--dev", "/dev", "--proc", "/proc"],
        ...hiddenOfTheKernel.filter(existsSync).flatMap((path) => ["--ro-bind", "/dev/null", path]),
        ...mounts.flatMap((mount) => mountOption(mount, input)),
        // Last, because mount points are made in these.
        ...["/", "/dev", "/proc"].flatMap((path) => ["--remount-ro", path]),
        ...["--chdir", policy.cwd],
        ...Object.entries(policy.env).flatMap(([name, value]) => ["--setenv", name, value]),
      ];
      const inner = [features.prlimit, ...limitArgs(features.countsProcesses), ...command];
      const outer = [features.bwrap, "--args", String(settingsFd), "--json-status-fd", String(statusFd), "--"];
      const whole = [...outer, ...inner];
      const [file, ...args] = group.countsProcesses ? whole : bounded(features, whole);
      return {
        file: file!,
        args,
        settings: options.map((option) => `${option}\0`).join(""),
        inputs,
        // bubblewrap reports an exit code only for a command that it has executed.
        hasStarted: (status) => status.includes('"exit-code"'),
      };
    },
  };
}

function namespaces(features: BubblewrapFeatures, policy: SandboxPolicy): string[] {
  const options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
  if (features.userNamespace) options.push("--unshare-user", "--disable-userns");
  if (!policy.allowNetwork) options.push("--unshare-net");
  return [...options, "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
}

/** @param input passes a descriptor to bubblewrap and returns its number there */
function mountOption(mount: HeldMount, input: (fd: number) => string): string[] {
  const { path, fd } = mount;
  switch (mount.kind) {
    case "readOnly":
      return fd === undefined ? ["--ro-bind-try", path, path] : ["--ro-bind-fd", input(fd), path];
    case "writable":
      return fd === undefined ? ["--bind", path, path] : ["--bind-fd", input(fd), path];
    case "copy":
      return fd === undefined ? [] : ["--perms", "0444", "--file", input(fd), path];
    case "hidden":
      return ["--ro-bind", "/dev/null", path];
    case "temporary":
      return ["--size", String(mount.bytes), "--tmpfs", path];
    case "folder":
      return ["--dir", path];
    case "link":
      return ["--symlink", mount.target, path];
  }
}

/**
 * Wraps a command in a PID namespace of limited size: no count of processes limits root. The namespace needs a /proc of
 * its own, because bubblewrap looks itself up there.
 */
function bounded({ pidLimit }: BubblewrapFeatures, command: string[]): string[] {
  if (!pidLimit) return command;
  const { setpriv, unshare, sh } = pidLimit;
  const script = `echo 1000 > /proc/self/oom_score_adj; echo ${maxProcesses} > /proc/sys/kernel/pid_max && exec "$@"`;
  const options = ["--pid", "--fork", "--mount-proc", "--kill-child", "--"];
  return [setpriv, "--pdeathsig", "KILL", unshare, ...options, sh, "-c", script, "sh", ...command];
}

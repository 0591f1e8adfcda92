import type { Machine } from "../seccomp/syscalls.ts";
import { buildView, type LocatedMount } from "./build-view.ts";
import { CallList } from "./call-list.ts";
import {
  changeFolder,
  closeOthers,
  dropCapabilities,
  limitResource,
  loadFilter,
  replaceLauncher,
  resetSignals,
  startLoopback,
  writeFile,
  writeTo,
} from "./steps.ts";

/** How the launcher sets up the sandbox of a command. */
export interface LauncherSettings {
  /** What the command sees. Descriptors are numbered as the launcher has them. */
  readonly mounts: readonly LocatedMount[];
  /** Descriptors that are written to in order to enter the control group of the command. */
  readonly groupDoors: readonly number[];
  /** The descriptor that it writes {@link startedText} to. */
  readonly statusFd: number;
  /** The first descriptor that it was not given. */
  readonly nextFd: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly filter: Uint8Array;
  /** Whether there is a new network namespace. */
  readonly ownNetwork: boolean;
  readonly limits: {
    readonly fileBytes: number;
    readonly dataBytes: number;
    /** Limit for an ordinary user. */
    readonly processes?: number;
    /** Size of the PID namespace, which limits root. */
    readonly pids?: number;
  };
  /** A shell that stays as the first process while the command runs. */
  readonly shell: string;
  readonly command: readonly string[];
}

export const startedText = "started\n";

/**
 * The shell waits, because the namespace ends with its first process: what the command leaves behind ends with it. A
 * shell lets a background process ignore two signals, and prints a line when one was killed; the script undoes both.
 */
const script = '(trap - INT QUIT; exec "$@") & exec 2>/dev/null; wait "$!"';

/**
 * What the launcher does as root of new namespaces, as their first process: it builds the view of a command, gives up
 * what it could do, and becomes the shell that runs the command.
 */
export function commandList(settings: LauncherSettings): CallList {
  const { mounts, groupDoors, statusFd, nextFd, cwd, env, filter, ownNetwork, limits, shell, command } = settings;
  const calls = new CallList(process.arch as Machine, nextFd);
  closeOthers(calls);
  for (const door of groupDoors) writeTo(calls, door, "0");
  if (ownNetwork) startLoopback(calls);
  buildView(calls, mounts, () => {
    if (limits.pids !== undefined) writeFile(calls, "/proc/sys/kernel/pid_max", String(limits.pids));
    writeFile(calls, "/proc/sys/user/max_user_namespaces", "0");
    // When memory is short, the kernel ends this first.
    writeFile(calls, "/proc/self/oom_score_adj", "1000");
  });
  changeFolder(calls, cwd);
  limitResource(calls, "coreBytes", 0);
  limitResource(calls, "fileBytes", limits.fileBytes);
  limitResource(calls, "dataBytes", limits.dataBytes);
  if (limits.processes !== undefined) limitResource(calls, "processes", limits.processes);
  dropCapabilities(calls);
  loadFilter(calls, filter);
  writeTo(calls, statusFd, startedText);
  resetSignals(calls);
  replaceLauncher(calls, shell, ["-c", script, "sandbox", ...command], env);
  return calls;
}

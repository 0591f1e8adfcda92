import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, readFileSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { SmithersError } from "../../errors/index.ts";
import { type CommandGroup, countsProcesses, groupForCommand } from "./cgroup.ts";
import { descendantsOf } from "./descendants.ts";
import { hold } from "./held.ts";
import { maxMounts, maxProcesses } from "./limits.ts";
import {
  firstInputFd,
  type Sandbox,
  type SandboxedCommand,
  type SandboxPolicy,
  settingsFd,
  statusFd,
} from "./policy.ts";
import { systemPath } from "./programs.ts";
import { systemView } from "./system-view.ts";
import { type Mount, viewOf } from "./view.ts";

/** A command that runs in a sandbox. */
export type SandboxedProcess = ChildProcessByStdio<null, Readable, Readable> & {
  /** Whether the sandbox was set up and has executed the command. Known once the process has closed. */
  hasStarted(): boolean;
  /** Why it has not, if the sandbox has said so. Its programs may have more to say on stderr. */
  problem(): string | undefined;
  /** The folders of its control groups. */
  readonly groups: readonly string[];
};

/** Longer than any sandbox's report about itself. */
const maxStatusLength = 10_000;

/** A process with this score is the first that the kernel ends when memory is short. */
const firstToEnd = "1000";

/**
 * Starts a command in a sandbox, with empty standard input and without this process's environment.
 * @throws TOOL_SANDBOX_UNAVAILABLE when the sandbox cannot take all that is to be hidden; other errors when the system
 *   starts no process
 */
export function start(sandbox: Sandbox, policy: SandboxPolicy, command: readonly string[]): SandboxedProcess {
  const { mounts, release } = hold(boundedView(policy), policy);
  let group: CommandGroup | undefined;
  let doors: readonly number[] = [];
  try {
    group = groupForCommand({ memoryBytes: policy.memoryBytes, processes: maxProcesses });
    doors = sandbox.entersGroup ? (group?.openDoors() ?? []) : [];
    const entry = { doors, countsProcesses: countsProcesses(group) };
    const child = spawnWrapped(sandbox.wrap(policy, mounts, command, entry), group, sandbox.entersGroup);
    if (group) child.on("close", group.remove);
    return child;
  } catch (error) {
    group?.remove();
    throw error;
  } finally {
    release();
    for (const fd of doors) closeSync(fd);
  }
}

/** @throws TOOL_SANDBOX_UNAVAILABLE when there is more to hide and to protect than a sandbox can take */
function boundedView(policy: SandboxPolicy): Mount[] {
  const view = viewOf(policy, systemView());
  if (view.length <= maxMounts) return view;
  const examples = [...policy.hidden, ...policy.protected].slice(-3).join(", ");
  throw new SmithersError(
    "TOOL_SANDBOX_UNAVAILABLE",
    `A command can have ${maxMounts} files and folders hidden or protected, and ${policy.rootDir} has ${view.length} of them, such as ${examples}. Remove what nobody needs, or set rootDir to a smaller folder.`,
  );
}

function spawnWrapped(
  { file, args, settings, inputs, hasStarted, problem }: SandboxedCommand,
  group: CommandGroup | undefined,
  entersGroup: boolean,
): SandboxedProcess {
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: systemPath.join(":") },
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...inputs.map((each) => (isFd(each) ? each : "pipe"))],
    detached: true,
  });
  // Whoever runs the command listens too, but later than a process that could not be started says so.
  child.on("error", () => {});
  if (child.pid === undefined) throw new Error("too many files are open, or too many processes run");
  // The sandbox waits for its settings, so this applies to every process that it starts.
  if (!entersGroup) enter(group, child.pid);
  offerToKernel(child.pid);
  feed(child.stdio[settingsFd] as Writable, settings);
  inputs.forEach((each, index) => {
    if (!isFd(each)) feed(child.stdio.at(firstInputFd + index) as Writable, each);
  });
  let status = "";
  const statusPipe = child.stdio[statusFd] as Readable;
  statusPipe.setEncoding("latin1").on("data", (chunk: string) => (status = (status + chunk).slice(0, maxStatusLength)));
  const groups = group?.folders ?? [];
  return Object.assign(child as unknown as SandboxedProcess, {
    hasStarted: () => hasStarted(status),
    problem: () => problem?.(status),
    groups,
  });
}

const isFd = (input: Uint8Array | number) => typeof input === "number";

function feed(pipe: Writable, content: string | Uint8Array): void {
  // The sandbox may fail before it has read everything. Its exit code reports that.
  pipe.on("error", () => {});
  pipe.end(content);
}

/** A command that cannot be moved into its group does not run: nothing would limit it. */
function enter(group: CommandGroup | undefined, pid: number): void {
  try {
    group?.add(pid);
  } catch (error) {
    signal(-pid, "SIGKILL");
    throw error;
  }
}

function offerToKernel(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, firstToEnd);
  } catch {
    // The process has ended, or this system has no such score.
  }
}

/** Kills the sandbox. Every process in its PID namespace ends with it. */
export function kill({ pid }: SandboxedProcess): void {
  if (pid !== undefined) signal(-pid, "SIGKILL");
}

/** Asks every process in the sandbox to end, including those that have left the command's process group. */
export function terminate({ pid }: SandboxedProcess): void {
  if (pid === undefined) return;
  if (process.platform !== "linux") return signal(-pid, "SIGTERM");
  const known = descendantsOf(pid).map((id) => ({ id, levels: pidLevels(id) }));
  // Only processes in the innermost namespace: the launcher must not end before them.
  const depth = Math.max(...known.map(({ levels }) => levels.length));
  for (const { id, levels } of known) if (levels.length === depth && levels.at(-1) !== 1) signal(id, "SIGTERM");
}

/** The ids of a process in each of its PID namespaces, the innermost last. */
function pidLevels(pid: number): number[] {
  try {
    const line = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
    return line.split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

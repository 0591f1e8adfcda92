import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, readFileSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { type CommandGroup, countsProcesses, groupForCommand } from "./cgroup.ts";
import { descendantsOf } from "./descendants.ts";
import { hold } from "./held.ts";
import { maxProcesses } from "./limits.ts";
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
import { viewOf } from "./view.ts";

/** A command that runs in a sandbox. */
export type SandboxedProcess = ChildProcessByStdio<null, Readable, Readable> & {
  /** Whether the sandbox was set up and has executed the command. Known once the process has closed. */
  hasStarted(): boolean;
};

/** More than any sandbox says about itself. */
const maxStatusLength = 10_000;

/** A process with this score is the first that the kernel ends when memory is short. */
const firstToEnd = "1000";

/** Starts a command in a sandbox: without standard input, and with nothing of this process's environment. */
export function start(sandbox: Sandbox, policy: SandboxPolicy, command: readonly string[]): SandboxedProcess {
  const group = groupForCommand({ memoryBytes: policy.memoryBytes, processes: maxProcesses });
  const doors = sandbox.entersGroup ? (group?.openDoors() ?? []) : [];
  const { mounts, release } = hold(viewOf(policy, systemView()), policy);
  try {
    const entry = { doors, countsProcesses: countsProcesses(group) };
    const child = spawnWrapped(sandbox.wrap(policy, mounts, command, entry), sandbox.entersGroup ? undefined : group);
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

function spawnWrapped(
  { file, args, settings, inputs, hasStarted }: SandboxedCommand,
  group: CommandGroup | undefined,
): SandboxedProcess {
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: systemPath.join(":") },
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...inputs.map((each) => (isFd(each) ? each : "pipe"))],
    detached: true,
  });
  // The sandbox waits for its settings, so this counts for every process that it starts.
  if (child.pid !== undefined) {
    group?.add(child.pid);
    offerToKernel(child.pid);
  }
  feed(child.stdio[settingsFd] as Writable, settings);
  inputs.forEach((each, index) => {
    if (!isFd(each)) feed(child.stdio.at(firstInputFd + index) as Writable, each);
  });
  let status = "";
  const statusPipe = child.stdio[statusFd] as Readable;
  statusPipe.setEncoding("utf8").on("data", (chunk: string) => (status = (status + chunk).slice(0, maxStatusLength)));
  return Object.assign(child as unknown as SandboxedProcess, { hasStarted: () => hasStarted(status) });
}

const isFd = (input: Uint8Array | number) => typeof input === "number";

function feed(pipe: Writable, content: string | Uint8Array): void {
  // The sandbox may have failed before it has read everything; its exit says so.
  pipe.on("error", () => {});
  pipe.end(content);
}

function offerToKernel(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, firstToEnd);
  } catch {
    // It has ended already, or this system has no such score.
  }
}

/** Ends the sandbox, and with it, by its PID namespace, every process in it. */
export function kill({ pid }: SandboxedProcess): void {
  if (pid !== undefined) signal(-pid, "SIGKILL");
}

/** Asks the processes in the sandbox to end, each of them, also those that have left the command's group. */
export function terminate({ pid }: SandboxedProcess): void {
  if (pid === undefined) return;
  if (process.platform !== "linux") return signal(-pid, "SIGTERM");
  const known = descendantsOf(pid).map((id) => ({ id, levels: pidLevels(id) }));
  // The launcher itself is the way out of the namespaces: it must not go before those in the innermost.
  const depth = Math.max(...known.map(({ levels }) => levels.length));
  for (const { id, levels } of known) if (levels.length === depth && levels.at(-1) !== 1) signal(id, "SIGTERM");
}

/** A process's number in each PID namespace that it belongs to, the innermost last. */
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

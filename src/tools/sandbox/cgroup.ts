import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import { throwIfExhausted } from "../../files/index.ts";
import { afterMs } from "../../timing/index.ts";
import { type Hierarchy, hierarchiesOf } from "./hierarchies.ts";

/** Limits of a control group: memory of all its processes, including what they share, and number of processes. */
export interface GroupLimits {
  readonly memoryBytes: number;
  readonly processes: number;
}

/** The control group of one command, in each of the kernel's hierarchies that counts memory or processes. */
export interface CommandGroup {
  /** Its folders, one in each hierarchy. */
  readonly folders: readonly string[];
  /** Moves a process into the group; what it starts from then on belongs to the group too. */
  add(pid: number): void;
  /** Opens the files by which a process that writes 0 to them moves itself into the group. The caller closes them. */
  openDoors(): number[];
  /** Removes the group, once all its processes have ended. */
  remove(): void;
}

/** Name of the group around the groups of all commands, shared with other servers in the same place. */
const commonName = "smithers-commands";

/** Limits of all commands together: this share of the machine's memory, and the processes of this many commands. */
const shareOfMemory = 0.75;
const commandsWorth = 4;

let count = 0;

/** The groups of this process's commands that may still be entered, by name. */
const inUse = new Set<string>();

/**
 * Makes a group for a command in each hierarchy, and around it the group of all commands.
 * @throws when this process may not make groups
 */
function makeGroup(hierarchies: readonly Hierarchy[], one: GroupLimits, all: GroupLimits): CommandGroup {
  count += 1;
  const name = `${process.pid}-${count}`;
  inUse.add(name);
  const made: string[] = [];
  const remove = () => {
    inUse.delete(name);
    for (const folder of made) removeSoon(folder);
  };
  try {
    for (const hierarchy of hierarchies) {
      const common = join(hierarchy.folder, commonName);
      makeFolder(common);
      removeLeftovers(common);
      limit(common, hierarchy, all);
      if (hierarchy.enable !== undefined) writeFileSync(join(common, "cgroup.subtree_control"), hierarchy.enable);
      const own = join(common, name);
      mkdirSync(own);
      made.push(own);
      limit(own, hierarchy, one);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folders: made,
    add(pid) {
      for (const folder of made) writeFileSync(join(folder, "cgroup.procs"), String(pid));
    },
    openDoors: () => openAll(made.map((folder) => join(folder, "cgroup.procs"))),
    remove,
  };
}

/** Opens all of the files or none. */
function openAll(paths: readonly string[]): number[] {
  const opened: number[] = [];
  try {
    for (const path of paths) opened.push(openSync(path, "w"));
    return opened;
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}

function limit(folder: string, { memoryFile, processesFile }: Hierarchy, limits: GroupLimits): void {
  if (memoryFile !== undefined) writeFileSync(join(folder, memoryFile), String(limits.memoryBytes));
  if (processesFile !== undefined) writeFileSync(join(folder, processesFile), String(limits.processes));
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

const retryMs = 50;
const retries = 5;

/** Removes a group, and the one around all commands unless another command runs. A process may be about to end in it. */
function removeSoon(folder: string, left = retries): void {
  if (removeFolder(folder)) removeFolder(dirname(folder));
  else if (left > 0) afterMs(retryMs, () => removeSoon(folder, left - 1));
}

/** Whether a folder is gone. A group that holds a process or another group cannot be removed. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Removes the groups of processes that were killed, and those that could not be removed at once. */
function removeLeftovers(common: string): void {
  for (const name of readdirSync(common)) {
    const pid = Number(/^(\d+)-\d+$/.exec(name)?.[1] ?? 0);
    // Another process may have made its group a moment ago, with nothing in it yet.
    const isLeft = pid === process.pid ? !inUse.has(name) : pid > 0 && hasEnded(pid);
    if (isLeft) removeFolder(join(common, name));
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

let found: readonly Hierarchy[] | undefined;

/** Error codes for a process that may not make groups. */
const forbidden: ReadonlySet<string | undefined> = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * Makes the group of a command. Returns undefined where this process may not make groups.
 *
 * @throws when descriptors or memory run out
 * @param one limits of the command
 */
export function groupForCommand(one: GroupLimits): CommandGroup | undefined {
  const all = { memoryBytes: Math.floor(totalmem() * shareOfMemory), processes: commandsWorth * one.processes };
  try {
    found ??= hierarchiesOf(readFileSync("/proc/self/cgroup", "utf8"), readFileSync("/proc/self/mountinfo", "utf8"));
    return found.length === 0 ? undefined : makeGroup(found, one, all);
  } catch (error) {
    throwIfExhausted(error);
    if (forbidden.has((error as NodeJS.ErrnoException).code)) found = [];
    return undefined;
  }
}

/** Whether a group limits the number of processes. */
export const countsProcesses = (group: CommandGroup | undefined): boolean =>
  group !== undefined && (found ?? []).some(({ processesFile }) => processesFile !== undefined);

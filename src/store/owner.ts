import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Who holds a lease: a process, named so that others can tell whether it still lives. Two engines of one
 * process have names of their own.
 */
export function newOwner(): string {
  return [place(), process.pid, startTicks(process.pid) ?? "", randomUUID().slice(0, 8)].join("|");
}

/** True only when the owner's process is known to have ended; one on another host may live. */
export function isProvablyDead(owner: string): boolean {
  const [at, pid, started] = owner.split("|");
  if (at !== place() || !pid) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  // The number may have been given to another process since; or its parent has not been told yet that it ended.
  return started !== "" && startTicks(Number(pid)) !== started;
}

let knownPlace: string | undefined;

/** Process ids mean something only within one boot and one PID namespace of one host. */
function place(): string {
  knownPlace ??= `${hostname()}/${readOr("/proc/sys/kernel/random/boot_id")}/${linkOr("/proc/self/ns/pid")}`;
  return knownPlace;
}

/** When a process that has not ended began, in clock ticks since boot: field 22 of proc_pid_stat(5). */
function startTicks(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  // The second field is the command in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const isZombie = fields[0] === "Z" || fields[0] === "X";
  return isZombie ? undefined : fields.at(19);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

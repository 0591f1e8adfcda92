import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Creates the name of a lease holder. It identifies the process, so that others can tell whether it is alive. Each
 * engine of a process has its own name.
 */
export function newOwner(): string {
  return [place(), process.pid, startTicks(process.pid) ?? "", randomUUID().slice(0, 8)].join("|");
}

/** True only when the owner's process is known to have ended. A process on another host may be alive. */
export function isProvablyDead(owner: string): boolean {
  const [at, pid, started] = owner.split("|");
  if (at !== place() || !pid) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  // The process id may have been reused, or the process is a zombie whose parent has not noticed its end.
  return started !== "" && startTicks(Number(pid)) !== started;
}

/** True only when the owner's process is known to be alive: it runs on this host, and its id was not reused. */
export function isProvablyAlive(owner: string): boolean {
  const [at, pid, started] = owner.split("|");
  return at === place() && !!pid && !!started && startTicks(Number(pid)) === started;
}

let knownPlace: string | undefined;

/** Process ids are unique only within one boot and one PID namespace of a host. */
function place(): string {
  knownPlace ??= `${hostname()}/${readOr("/proc/sys/kernel/random/boot_id")}/${linkOr("/proc/self/ns/pid")}`;
  return knownPlace;
}

/** Start time of a living process, in clock ticks since boot: field 22 of proc_pid_stat(5). */
function startTicks(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  // The second field is the command in parentheses, which may contain spaces.
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

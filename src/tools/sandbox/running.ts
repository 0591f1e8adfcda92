import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { sleep, stopwatch } from "../../timing/index.ts";
import { descendantsOf } from "./descendants.ts";
import { isBelow } from "./paths.ts";

const pollMs = 50;

/** Number of looks. A sandbox that is being set up has its mounts only after a moment. */
const looks = 3;

/**
 * Waits until no running command can see a path, which need not exist yet. Resolves to false when one still can after
 * `limitMs`. Checks the sandboxes of this process and its descendants. Commands that start later must hide the path
 * themselves.
 */
export async function whenUnseen(path: string, limitMs: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const elapsedMs = stopwatch();
  for (let unseen = 0; unseen < looks; unseen += 1) {
    const { areRunning, isSeen } = lookAtCommands(path);
    if (!areRunning) return true;
    if (isSeen) unseen = -1;
    if (elapsedMs() > limitMs) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Names of the programs that start a sandbox, before it has its own mounts. */
const launchers: ReadonlySet<string> = new Set(["bwrap", "unshare", "setpriv"]);

function lookAtCommands(path: string): { areRunning: boolean; isSeen: boolean } {
  const device = deviceOf(dirname(path));
  const looked = new Set([mountNamespaceOf(process.pid)]);
  let areRunning = false;
  let isSeen = false;
  for (const pid of descendantsOf(process.pid)) {
    const namespace = mountNamespaceOf(pid);
    areRunning ||= launchers.has(nameOf(pid));
    if (namespace === undefined || looked.has(namespace)) continue;
    looked.add(namespace);
    areRunning = true;
    isSeen ||= sees(mountsOf(pid), path, device);
  }
  return { areRunning, isSeen };
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

interface MountPoint {
  readonly path: string;
  /** The device number of the file system, as `major:minor`. */
  readonly device: string;
}

/** Whether the mount that a path lies in shows the same file system as this process sees there. */
function sees(mounts: readonly MountPoint[], path: string, device: string | undefined): boolean {
  const around = mounts.filter((mount) => isBelow(path, mount.path));
  const nearest = around.reduce<MountPoint | undefined>(
    (best, mount) => (best === undefined || mount.path.length >= best.path.length ? mount : best),
    undefined,
  );
  // A file that is a mount point of its own is covered.
  return nearest !== undefined && nearest.path !== path && nearest.device === device;
}

function mountsOf(pid: number): MountPoint[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [, , device, , path] = line.split(" ");
        return {
          device: device!,
          path: path!.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
        };
      });
  } catch {
    return [];
  }
}

function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function deviceOf(folder: string): string | undefined {
  const stats = lstatSync(folder, { throwIfNoEntry: false, bigint: true });
  if (!stats) return undefined;
  // Linux packs both numbers into one.
  const major = ((stats.dev >> 8n) & 0xfffn) | ((stats.dev >> 32n) & ~0xfffn);
  const minor = (stats.dev & 0xffn) | ((stats.dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

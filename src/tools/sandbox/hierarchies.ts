import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A folder in which control groups can be made, and the names of the files with their limits. */
export interface Hierarchy {
  readonly folder: string;
  readonly memoryFile?: string;
  readonly processesFile?: string;
  /** Version 2 only: what to write to a group to enable the limits of the groups inside it. */
  readonly enable?: string;
}

/**
 * The hierarchies in which this process may make groups.
 *
 * @param ownGroups the content of /proc/self/cgroup
 * @param mounts the content of /proc/self/mountinfo
 */
export function hierarchiesOf(ownGroups: string, mounts: string): Hierarchy[] {
  const mountOf = (type: string, controller?: string) =>
    mounts.split("\n").flatMap((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [kind, , options = ""] = after.split(" ");
      const fits = kind === type && (controller === undefined || options.split(",").includes(controller));
      return fits ? [{ path: before.split(" ")[4]!, root: before.split(" ")[3]! }] : [];
    })[0];
  return ownGroups.split("\n").flatMap((line): Hierarchy[] => {
    const [id, controllers, ...rest] = line.split(":");
    const path = rest.join(":");
    if (id === "0") return versionTwo(mountOf("cgroup2"), path);
    const controller = ["memory", "pids"].find((name) => controllers?.split(",").includes(name));
    const mount = controller === undefined ? undefined : mountOf("cgroup", controller);
    if (!mount || controller === undefined) return [];
    const folder = placeOf(mount, path);
    return [
      controller === "memory" ? { folder, memoryFile: "memory.limit_in_bytes" } : { folder, processesFile: "pids.max" },
    ];
  });
}

/** In version 2, a group that contains processes cannot limit groups inside it. So groups are made next to this one. */
function versionTwo(mount: { path: string; root: string } | undefined, ownPath: string): Hierarchy[] {
  if (!mount) return [];
  const own = placeOf(mount, ownPath);
  for (const folder of [own, dirname(own)]) {
    const enabled = readWords(join(folder, "cgroup.subtree_control")).filter((name) =>
      ["memory", "pids"].includes(name),
    );
    if (enabled.length === 0 || !folder.startsWith(mount.path)) continue;
    const memory = enabled.includes("memory") ? { memoryFile: "memory.max" } : {};
    const pids = enabled.includes("pids") ? { processesFile: "pids.max" } : {};
    return [{ folder, ...memory, ...pids, enable: enabled.map((name) => `+${name}`).join(" ") }];
  }
  return [];
}

/** The folder of a group. A container may have mounted only a part of the hierarchy. */
function placeOf({ path, root }: { path: string; root: string }, group: string): string {
  return resolve(path, `.${group.startsWith(root) && root !== "/" ? group.slice(root.length) : group}`);
}

function readWords(file: string): string[] {
  try {
    return readFileSync(file, "utf8").trim().split(/\s+/);
  } catch {
    return [];
  }
}

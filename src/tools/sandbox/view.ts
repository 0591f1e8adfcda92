import { sep } from "node:path";
import { isBelow } from "./paths.ts";
import type { SandboxPolicy } from "./policy.ts";

/** A piece of the file system that a command sees. Nothing else exists for the command. */
export type Mount =
  /** A file or a folder of the machine, at its own path. */
  | { readonly kind: "readOnly" | "writable"; readonly path: string }
  /** A file of the machine, as it is when the command starts. */
  | { readonly kind: "copy"; readonly path: string }
  /** A file that can be neither read nor written. */
  | { readonly kind: "hidden"; readonly path: string }
  /** An empty writable folder in memory. */
  | { readonly kind: "temporary"; readonly path: string; readonly bytes: number }
  /** An empty folder. It stays empty unless it lies in a temporary one. */
  | { readonly kind: "folder"; readonly path: string }
  /** A symbolic link. */
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** Where a command can write temporary files. Programs also look for `/var/tmp`, which is a link to it. */
export const temporaryDir = "/tmp";

/** Files of the kernel that tell of the host or its users. */
export const hiddenOfTheKernel = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats"];

/** Share of a command's temporary space that its home folder has, and that its shared memory has. */
const smallShare = 1 / 4;

/**
 * What a command sees, parents before what lies in them. `/dev` and `/proc` are made by the sandbox itself.
 *
 * @param system what every command sees of the machine
 */
export function viewOf(policy: SandboxPolicy, system: readonly Mount[]): Mount[] {
  const { rootDir } = policy;
  const small = Math.floor(policy.temporaryBytes * smallShare);
  const ofTheMachine: Mount[] = [
    ...system,
    { kind: "folder", path: "/run" },
    { kind: "link", path: "/var/run", target: "/run" },
    { kind: "link", path: "/var/tmp", target: temporaryDir },
    ...policy.readable.map((path): Mount => ({ kind: "readOnly", path })),
  ];
  const mounts: Mount[] = [
    // A root that contains one of these shows it anyway. Programs stay read-only in it.
    ...ofTheMachine.filter(({ path, kind }) => path !== rootDir && (kind === "readOnly" || !isBelow(path, rootDir))),
    { kind: "temporary", path: temporaryDir, bytes: policy.temporaryBytes - 2 * small },
    { kind: "temporary", path: "/dev/shm", bytes: small },
    ...repositoryMounts(policy),
    { kind: policy.readOnly ? "readOnly" : "writable", path: rootDir },
  ];
  const home = homeFolder(policy.env.HOME, mounts, small);
  if (home) mounts.push(home);
  const seen = mounts.filter(({ kind }) => kind === "readOnly" || kind === "writable").map(({ path }) => path);
  const hidden = policy.hidden.filter((path) => seen.some((folder) => isBelow(path, folder)));
  const inRoot = policy.protected.filter((path) => isBelow(path, rootDir));
  // The mount of a folder covers everything in it.
  const kept = inRoot.filter((path) => !inRoot.some((folder) => folder !== path && isBelow(path, folder)));
  mounts.push(
    ...foldersAbove([...hidden, ...kept], policy).map((path): Mount => ({ kind: "writable", path })),
    ...kept.map((path): Mount => ({ kind: "readOnly", path })),
    ...policy.writable
      .filter((path) => !policy.readOnly && kept.some((folder) => isBelow(path, folder)))
      .map((path): Mount => ({ kind: "writable", path })),
    ...hidden.map((path): Mount => ({ kind: "hidden", path })),
  );
  return inOrder(mounts.filter((mount) => mount.kind !== "link" || !mounts.some((other) => liesIn(other, mount))));
}

/** A worktree's repository, unless the root shows it anyway. */
function repositoryMounts({ repository, rootDir, readOnly }: SandboxPolicy): Mount[] {
  if (!repository || isBelow(repository.dir, rootDir)) return [];
  const readable: Mount[] = [repository.dir, ...repository.protected].map((path) => ({ kind: "readOnly", path }));
  return readOnly ? readable : [...readable, ...repository.writable.map((path): Mount => ({ kind: "writable", path }))];
}

/** Whether a mount lies below the path of another one, which then cannot be a link. */
const liesIn = (inner: Mount, outer: Mount) => inner.path !== outer.path && isBelow(inner.path, outer.path);

/** The empty home folder of a command, unless the command already sees something at its path. */
function homeFolder(path: string | undefined, mounts: readonly Mount[], bytes: number): Mount | undefined {
  if (path === undefined || !path.startsWith(sep) || path === sep) return undefined;
  const around = mounts.filter((mount) => isBelow(path, mount.path));
  if (around.length === 0) return { kind: "temporary", path, bytes };
  return around.every(({ kind, path: folder }) => kind === "temporary" && folder !== path)
    ? { kind: "folder", path }
    : undefined;
}

/**
 * The folders between the root and what is hidden or protected in it. As mount points of their own they cannot be
 * renamed, so the next command finds the same files at the same paths.
 */
function foldersAbove(paths: readonly string[], policy: SandboxPolicy): string[] {
  const { rootDir, readOnly } = policy;
  if (readOnly) return [];
  const folders = new Set<string>();
  for (const path of paths) {
    if (!isBelow(path, rootDir)) continue;
    for (let folder = parentOf(path); folder.length > rootDir.length; folder = parentOf(folder)) folders.add(folder);
  }
  // What lies in a protected folder cannot be renamed anyway, and a mount of its own would make it writable.
  return [...folders].filter((folder) => !policy.protected.some((path) => isBelow(folder, path)));
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf(sep)) || sep;

/** Keeps the last mount of each path, and sorts them: folders before what lies in them. */
function inOrder(mounts: readonly Mount[]): Mount[] {
  const byPath = new Map(mounts.map((mount) => [mount.path, mount]));
  return [...byPath.values()].sort((a, b) => depthOf(a.path) - depthOf(b.path));
}

const depthOf = (path: string) => (path === sep ? 0 : path.split(sep).length);

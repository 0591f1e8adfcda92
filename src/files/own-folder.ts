import { type BigIntStats, chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from "node:fs";
import { dirname } from "node:path";

/** O_PATH of Linux: a descriptor that names a folder, also one that this user may not read. */
const O_PATH = 0x20_0000;

const isLinux = process.platform === "linux";
const noLink = constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A folder that is held open. Renaming it, or a folder above it, leads nowhere else. */
export interface HeldFolder {
  readonly fd: number;
  /** Its path; on Linux through the descriptor. */
  readonly path: string;
}

/** Opens a folder, but no link to one, whatever its mode is. The caller closes it. */
export function holdFolder(path: string): HeldFolder {
  const fd = openSync(path, (isLinux ? O_PATH : constants.O_RDONLY) | noLink);
  return { fd, path: isLinux ? `/proc/self/fd/${fd}` : path };
}

/**
 * Whether this user may not do with a folder of its own what `bits` of its mode say. Commands run as the same user: one
 * can take these bits away from the server, and the next one can give them back.
 */
export function isLockedFolder({ uid, mode }: Stats | BigIntStats, bits: number): boolean {
  const euid = process.geteuid?.();
  return euid !== 0 && Number(uid) === euid && (Number(mode) & bits) !== bits;
}

/** Gives this user bits of the mode of a folder of its own that is held open. */
export function unlockHeld({ fd, path }: HeldFolder, bits: number): void {
  const stats = fstatSync(fd);
  if (isLockedFolder(stats, bits)) chmodSync(path, (stats.mode & 0o7777) | bits);
}

/** Gives this user bits of the mode of a folder of its own. Follows no link. */
export function unlockFolder(path: string, bits: number): void {
  const folder = holdFolder(path);
  try {
    unlockHeld(folder, bits);
  } finally {
    closeSync(folder.fd);
  }
}

/**
 * Rethrows an error that comes of a locked folder of this user's own above a path, or at it. What protects files must not
 * take such a file for missing: the command that has locked the folder can unlock it.
 */
export function throwIfLocked(error: unknown, path: string): void {
  if ((error as NodeJS.ErrnoException | undefined)?.code !== "EACCES") return;
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    const stats = statsOf(folder);
    if (stats?.isDirectory() && isLockedFolder(stats, 0o500)) throw error;
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

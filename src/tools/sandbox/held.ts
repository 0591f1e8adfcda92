import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { throwIfLocked } from "../../files/index.ts";
import { isBelow } from "./paths.ts";
import type { SandboxPolicy } from "./policy.ts";
import type { Mount } from "./view.ts";

/** O_PATH of Linux: a descriptor that names a file and opens nothing, so that a FIFO or a device does not matter. */
const O_PATH = 0x20_0000;

/** What opening says of a file that has gone or has become a link, and of one that this user cannot reach. */
const gone: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES"]);

/** A piece of a command's view; a descriptor holds what lies below the root, and what is to be copied. */
export type HeldMount = Mount & { readonly fd?: number };

/** The pieces of a view, with open descriptors. */
export interface HeldView {
  readonly mounts: readonly HeldMount[];
  release(): void;
}

/**
 * Opens what lies below the root, step by step from the root's descriptor and never through a link: another command
 * may be renaming folders at the same time. What has gone, or has become a link, is left out.
 * @throws when a file that is there cannot be opened: left out, it would not be hidden
 */
export function hold(view: readonly Mount[], { rootDir, rootFd, repository }: SandboxPolicy): HeldView {
  const opened: number[] = [];
  const byPath = new Map<string, number>([[rootDir, rootFd]]);
  const bases = [rootDir];
  const openAt = (folder: number, path: string) => {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const fd = openSync(`/proc/self/fd/${folder}/${basename(path)}`, O_PATH | constants.O_NOFOLLOW);
    opened.push(fd);
    if (fstatSync(fd).isSymbolicLink()) throw Object.assign(new Error(`${path} is a link.`), { code: "ELOOP" });
    byPath.set(path, fd);
    return fd;
  };
  const baseOf = (path: string) => bases.find((base) => isBelow(path, base));
  const open = (path: string) => {
    let at = baseOf(path)!;
    let fd = byPath.get(at)!;
    for (const name of relative(at, path).split(sep).filter(Boolean)) fd = openAt(fd, (at = join(at, name)));
    return fd;
  };
  const release = () => {
    for (const fd of opened) closeSync(fd);
  };
  const openCopy = (path: string) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    opened.push(fd);
    return fd;
  };
  const isHeld = ({ kind, path }: Mount) =>
    (kind === "readOnly" || kind === "writable" || kind === "hidden") && baseOf(path) !== undefined;
  try {
    // Tasks whose root contains the repository can change what lies in it, as they can in their root.
    if (repository && baseOf(repository.dir) === undefined) {
      const fd = openSync(repository.dir, O_PATH | constants.O_NOFOLLOW);
      opened.push(fd);
      if (!fstatSync(fd).isDirectory()) throw new Error(`${repository.dir} is not a folder.`);
      byPath.set(repository.dir, fd);
      bases.push(repository.dir);
    }
    const mounts = view.flatMap((mount): HeldMount[] => {
      if (mount.kind !== "copy" && !isHeld(mount)) return [mount];
      try {
        return [{ ...mount, fd: mount.kind === "copy" ? openCopy(mount.path) : open(mount.path) }];
      } catch (error) {
        if (mount.kind !== "copy" && !gone.has((error as NodeJS.ErrnoException).code)) throw error;
        throwIfLocked(error, mount.path);
        return [];
      }
    });
    return { mounts, release };
  } catch (error) {
    release();
    throw error;
  }
}

import { type BigIntStats, fstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, sep } from "node:path";
import type { HeldMount } from "../held.ts";
import { maxCopiedBytes } from "../limits.ts";
import { hiddenOfTheKernel } from "../view.ts";
import type { CallList } from "./call-list.ts";
import {
  bindMount,
  changeFolder,
  copyFile,
  detachMount,
  makeFile,
  makeFolder,
  makeLink,
  makeReadOnly,
  mountAttributes,
  mountFlags,
  mountNew,
  pivotRoot,
  removeFolder,
} from "./steps.ts";

/** Any folder that every system has: the new root is mounted there for a moment. */
const place = "/proc";
const oldRoot = "/.old";

/** Devices that hold nothing of the machine. */
const devices = ["null", "zero", "full", "random", "urandom", "tty"];

const nothingSpecial = mountAttributes.noSuid | mountAttributes.noDev;

/**
 * Replaces the file system of the launcher's mount namespace by an empty one and shows the given pieces of the old one
 * in it. In the end the old one is gone, and all is read-only except the pieces that are to be writable.
 *
 * @param mounts descriptors of files to copy are numbered as the launcher has them
 * @param configureKernel called where the new /proc is there and can still be written
 */
export function buildView(calls: CallList, mounts: readonly LocatedMount[], configureKernel: () => void): void {
  mountNew(calls, "tmpfs", place, mountFlags.noSuid | mountFlags.noDev, "size=8m,mode=755");
  changeFolder(calls, place);
  makeFolder(calls, `.${oldRoot}`);
  pivotRoot(calls, `.${oldRoot}`);
  changeFolder(calls, "/");
  buildDev(calls);
  makeFolder(calls, "/proc");
  mountNew(calls, "proc", "/proc", mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec);
  for (const path of hiddenOfTheKernel) hide(calls, path, true);
  const made = new Set<string>();
  for (const mount of mounts) show(calls, mount, made);
  configureKernel();
  detachMount(calls, oldRoot);
  removeFolder(calls, oldRoot);
  for (const path of ["/", "/dev", "/proc"]) makeReadOnly(calls, path);
}

/** A mount, where its source lies in the file system, and what lies there. */
export type LocatedMount = HeldMount & { readonly source?: { readonly path: string; readonly stats: BigIntStats } };

/**
 * Looks up where the source of a mount lies. A descriptor from another mount namespace cannot be mounted, but what is
 * mounted can be compared with it. The launcher must have it too: as long as it is open, nothing else gets its number.
 */
export function locate(mount: HeldMount): LocatedMount {
  if (mount.kind !== "readOnly" && mount.kind !== "writable") return mount;
  if (mount.fd !== undefined) {
    const path = readlinkSync(`/proc/self/fd/${mount.fd}`);
    return { ...mount, source: { path, stats: fstatSync(mount.fd, { bigint: true }) } };
  }
  try {
    const path = realpathSync(mount.path);
    return { ...mount, source: { path, stats: statSync(path, { bigint: true }) } };
  } catch {
    return mount;
  }
}

/** @param made the folders that are there already */
function show(calls: CallList, mount: LocatedMount, made: Set<string>): void {
  const { path, source } = mount;
  switch (mount.kind) {
    case "hidden":
      return hide(calls, path, false);
    case "folder":
      return makeFolders(calls, path, made);
    case "copy":
      makeFolders(calls, dirname(path), made);
      return mount.fd === undefined ? undefined : copyFile(calls, path, mount.fd, maxCopiedBytes);
    case "link":
      makeFolders(calls, dirname(path), made);
      return makeLink(calls, path, mount.target);
    case "temporary":
      makeFolders(calls, path, made);
      return mountNew(calls, "tmpfs", path, mountFlags.noSuid | mountFlags.noDev, `size=${mount.bytes},mode=755`);
  }
  // A source that has gone since is not shown.
  if (source === undefined) return;
  const isFolder = source.stats.isDirectory();
  makeFolders(calls, isFolder ? path : dirname(path), made);
  if (!isFolder) makeFile(calls, path);
  const readOnly = mount.kind === "readOnly" ? mountAttributes.readOnly : 0;
  bindMount(calls, oldRoot + source.path, path, nothingSpecial | readOnly, { expected: source.stats });
}

/** Makes a folder and those above it. */
function makeFolders(calls: CallList, path: string, made: Set<string>): void {
  if (path === sep || made.has(path)) return;
  makeFolders(calls, dirname(path), made);
  makeFolder(calls, path);
  made.add(path);
}

/** Covers a file: opening what covers it fails, because it is a device and devices are not allowed there. */
function hide(calls: CallList, path: string, isOptional: boolean): void {
  const attributes = nothingSpecial | mountAttributes.readOnly | mountAttributes.noExec;
  bindMount(calls, `${oldRoot}/dev/null`, path, attributes, { isOptional });
}

function buildDev(calls: CallList): void {
  makeFolder(calls, "/dev");
  mountNew(calls, "tmpfs", "/dev", mountFlags.noSuid | mountFlags.noExec, "size=1m,mode=755");
  for (const device of devices) {
    makeFile(calls, `/dev/${device}`);
    const attributes = mountAttributes.noSuid | mountAttributes.noExec;
    bindMount(calls, `${oldRoot}/dev/${device}`, `/dev/${device}`, attributes);
  }
  makeFolder(calls, "/dev/pts");
  mountNew(calls, "devpts", "/dev/pts", mountFlags.noSuid | mountFlags.noExec, "newinstance,ptmxmode=0666,mode=620");
  makeLink(calls, "/dev/ptmx", "pts/ptmx");
  makeLink(calls, "/dev/fd", "/proc/self/fd");
  for (const [index, name] of ["stdin", "stdout", "stderr"].entries()) makeLink(calls, `/dev/${name}`, `fd/${index}`);
}

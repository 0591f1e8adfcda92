import {
  fstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { HeldMount } from "../held.ts";
import { hiddenOfTheKernel } from "../view.ts";
import { bindMount, detachMount, makeReadOnly, mountAttributes, mountFlags, mountNew, pivotRoot } from "./kernel.ts";

/** Any folder that every system has: the new root is mounted there for a moment. */
const place = "/proc";
const oldRoot = "/.old";

/** Devices that hold nothing of the machine. */
const devices = ["null", "zero", "full", "random", "urandom", "tty"];

const nothingSpecial = mountAttributes.noSuid | mountAttributes.noDev;

/**
 * Replaces the file system of this mount namespace by an empty one and shows the given pieces of the old one in it.
 * In the end the old one is gone, and all is read-only except the pieces that are to be writable.
 *
 * @param configureKernel called when the new /proc is there and can still be written
 */
export function buildView(mounts: readonly HeldMount[], configureKernel: () => void): void {
  const pieces = mounts.map(located);
  mountNew("tmpfs", place, mountFlags.noSuid | mountFlags.noDev, "size=8m,mode=755");
  process.chdir(place);
  mkdirSync(`.${oldRoot}`);
  pivotRoot(`.${oldRoot}`);
  process.chdir("/");
  buildDev();
  mkdirSync("/proc");
  mountNew("proc", "/proc", mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec);
  for (const path of hiddenOfTheKernel) if (statSync(path, { throwIfNoEntry: false })) hide(path);
  for (const piece of pieces) show(piece);
  configureKernel();
  detachMount(oldRoot);
  rmdirSync(oldRoot);
  for (const path of ["/", "/dev", "/proc"]) makeReadOnly(path);
}

/** A mount, where its source lies in the old file system, and what lies there. */
type Piece = HeldMount & { readonly source?: { readonly path: string; readonly stats: Stats } };

/** Looks a source up while the old file system is still the root, in which links lead where they should. */
function located(mount: HeldMount): Piece {
  if (mount.kind !== "readOnly" && mount.kind !== "writable") return mount;
  if (mount.fd !== undefined) {
    // A descriptor from another mount namespace cannot be mounted, but what is mounted can be compared with it.
    const path = oldRoot + readlinkSync(`/proc/self/fd/${mount.fd}`);
    return { ...mount, source: { path, stats: fstatSync(mount.fd) } };
  }
  try {
    const path = realpathSync(mount.path);
    return { ...mount, source: { path: oldRoot + path, stats: statSync(path) } };
  } catch {
    return mount;
  }
}

function show(piece: Piece): void {
  const { path, source } = piece;
  if (piece.kind === "hidden") return hide(path);
  if (piece.kind === "folder") return void mkdirSync(path, { recursive: true });
  if (piece.kind === "copy") {
    mkdirSync(dirname(path), { recursive: true });
    return piece.fd === undefined ? undefined : writeFileSync(path, readFileSync(piece.fd), { mode: 0o444 });
  }
  if (piece.kind === "link") {
    mkdirSync(dirname(path), { recursive: true });
    return symlinkSync(piece.target, path);
  }
  if (piece.kind === "temporary") {
    mkdirSync(path, { recursive: true });
    return mountNew("tmpfs", path, mountFlags.noSuid | mountFlags.noDev, `size=${piece.bytes},mode=755`);
  }
  // A source that has gone since is not shown.
  if (source === undefined) return;
  makePlaceFor(source.stats, path);
  const readOnly = piece.kind === "readOnly" ? mountAttributes.readOnly : 0;
  bindMount(source.path, path, nothingSpecial | readOnly, source.stats);
}

/** Makes a folder or an empty file to mount on, unless it is there. */
function makePlaceFor(stats: Stats, path: string): void {
  if (stats.isDirectory()) mkdirSync(path, { recursive: true });
  else {
    mkdirSync(dirname(path), { recursive: true });
    if (!statSync(path, { throwIfNoEntry: false })) writeFileSync(path, "");
  }
}

/** Covers a file: opening what covers it fails, because it is a device and devices are not allowed there. */
function hide(path: string): void {
  bindMount(`${oldRoot}/dev/null`, path, nothingSpecial | mountAttributes.readOnly | mountAttributes.noExec);
}

function buildDev(): void {
  mkdirSync("/dev");
  mountNew("tmpfs", "/dev", mountFlags.noSuid | mountFlags.noExec, "size=1m,mode=755");
  for (const device of devices) {
    writeFileSync(`/dev/${device}`, "");
    bindMount(`${oldRoot}/dev/${device}`, `/dev/${device}`, mountAttributes.noSuid | mountAttributes.noExec);
  }
  mkdirSync("/dev/pts");
  mountNew("devpts", "/dev/pts", mountFlags.noSuid | mountFlags.noExec, "newinstance,ptmxmode=0666,mode=620");
  symlinkSync("pts/ptmx", "/dev/ptmx");
  symlinkSync("/proc/self/fd", "/dev/fd");
  for (const [index, name] of ["stdin", "stdout", "stderr"].entries()) symlinkSync(`fd/${index}`, `/dev/${name}`);
}

import { type BigIntStats, readFileSync } from "node:fs";
import { instructionBytes } from "../seccomp/bpf.ts";
import type { Argument, CallList } from "./call-list.ts";

// The steps that set up a sandbox, as system calls; see the manual page of each.

const AT_FDCWD = -100;

const [O_WRONLY, O_CREAT, O_CLOEXEC] = [1, 0o100, 0o2000000];

const [ENOENT, EEXIST] = [2, 17];

const S_IFREG = 0o100000;

/** Closes the descriptors that the launcher was not given, so that it is known which one is opened next. */
export function closeOthers(calls: CallList): void {
  calls.add("close_range", "other descriptors", [calls.nextFd, 0xffff_ffff, 0]);
}

export const mountFlags = { noSuid: 2, noDev: 4, noExec: 8 };

/** Mounts a file system of the kernel's own. */
export function mountNew(calls: CallList, type: string, path: string, flags: number, options = ""): void {
  calls.add("mount", path, [type, path, type, flags, options]);
}

/** What a mount that shows a piece of the old file system refuses. */
export const mountAttributes = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8 };

const OPEN_TREE_CLONE = 1;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/** Size of `struct stat`, which begins with the numbers of the device and of the file. */
const statBytes = 256;

/** What {@link bindMount} finds, or must find. */
interface BindOptions {
  /** What must lie at the source. */
  readonly expected?: BigIntStats;
  /** Whether there may be nothing at the path: then nothing is shown. */
  readonly isOptional?: boolean;
}

/** Shows at `path` what lies at `source`. The attributes hold for every mount in it. */
export function bindMount(
  calls: CallList,
  source: string,
  path: string,
  attributes: number,
  { expected, isOptional = false }: BindOptions = {},
): void {
  calls.add("open_tree", source, [AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE]);
  if (expected) {
    const stats = new Uint8Array(statBytes);
    calls.add("fstat", source, [calls.nextFd, stats]);
    calls.expect(`something else lies at ${path} now`, stats, 0, expected.dev);
    calls.expect(`something else lies at ${path} now`, stats, 8, expected.ino);
  }
  const settings = [attributes, 0, 0, 0];
  calls.add("mount_setattr", path, [calls.nextFd, "", AT_EMPTY_PATH | AT_RECURSIVE, settings, 8 * settings.length]);
  calls.add("move_mount", path, [calls.nextFd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH], isOptional ? ENOENT : 0);
  calls.add("close", path, [calls.nextFd]);
}

/** Makes the current folder the root of the file system, and puts the old one below it. */
export function pivotRoot(calls: CallList, oldRoot: string): void {
  calls.add("pivot_root", ".", [".", oldRoot]);
}

/** Makes one mount read-only, and not those in it. */
export function makeReadOnly(calls: CallList, path: string): void {
  const settings = [mountAttributes.readOnly, 0, 0, 0];
  calls.add("mount_setattr", path, [AT_FDCWD, path, 0, settings, 8 * settings.length]);
}

const MNT_DETACH = 2;

export function detachMount(calls: CallList, path: string): void {
  calls.add("umount2", path, [path, MNT_DETACH]);
}

export function changeFolder(calls: CallList, path: string): void {
  calls.add("chdir", path, [path]);
}

/** Makes a folder, unless it is there. */
export function makeFolder(calls: CallList, path: string): void {
  calls.add("mkdirat", path, [AT_FDCWD, path, 0o755], EEXIST);
}

const AT_REMOVEDIR = 0x200;

export function removeFolder(calls: CallList, path: string): void {
  calls.add("unlinkat", path, [AT_FDCWD, path, AT_REMOVEDIR]);
}

/** Makes an empty file, unless something is there. */
export function makeFile(calls: CallList, path: string): void {
  calls.add("mknodat", path, [AT_FDCWD, path, S_IFREG | 0o644, 0], EEXIST);
}

export function makeLink(calls: CallList, path: string, target: string): void {
  calls.add("symlinkat", path, [target, AT_FDCWD, path]);
}

/** Copies a file of up to `bytes` bytes from a descriptor. */
export function copyFile(calls: CallList, path: string, fd: number, bytes: number): void {
  calls.add("openat", path, [AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o444]);
  calls.add("sendfile", path, [calls.nextFd, fd, 0, bytes]);
  calls.add("close", path, [calls.nextFd]);
}

/** Writes a text to a file that exists. */
export function writeFile(calls: CallList, path: string, text: string): void {
  calls.add("openat", path, [AT_FDCWD, path, O_WRONLY | O_CLOEXEC]);
  writeTo(calls, calls.nextFd, text);
  calls.add("close", path, [calls.nextFd]);
}

/** Writes a text to a descriptor. */
export function writeTo(calls: CallList, fd: number, text: string): void {
  calls.add("write", `descriptor ${fd}`, [fd, text, Buffer.byteLength(text)]);
}

/** Sets a limit for the command. */
export function limitResource(calls: CallList, resource: keyof typeof resources, most: number): void {
  calls.add("prlimit64", resource, [0, resources[resource], [most, most], 0]);
}

const resources = { fileBytes: 1, dataBytes: 2, coreBytes: 4, processes: 6 };

const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

let lastCapability: number | undefined;

/** Gives up every capability, for good, and the right to gain any by executing a program. */
export function dropCapabilities(calls: CallList): void {
  lastCapability ??= Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  for (let capability = 0; capability <= lastCapability; capability += 1) {
    calls.add("prctl", "PR_CAPBSET_DROP", [PR_CAPBSET_DROP, capability]);
  }
  calls.add("prctl", "PR_CAP_AMBIENT", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL]);
  calls.add("capset", "nothing", [[LINUX_CAPABILITY_VERSION_3], [0, 0, 0]]);
  calls.add("prctl", "PR_SET_NO_NEW_PRIVS", [PR_SET_NO_NEW_PRIVS, 1]);
}

const SECCOMP_SET_MODE_FILTER = 1;

/** Loads a filter of system calls. It holds for every call after this one. */
export function loadFilter(calls: CallList, program: Uint8Array): void {
  calls.add("seccomp", "the filter", [SECCOMP_SET_MODE_FILTER, 0, [program.byteLength / instructionBytes, program]]);
}

const lastSignal = 64;
const SIGKILL = 9;
const SIGSTOP = 19;
const SIG_SETMASK = 2;
const signalSetBytes = 8;

/** Gives every signal its default meaning: a program inherits what this one ignores and blocks. */
export function resetSignals(calls: CallList): void {
  const byDefault = [0, 0, 0, 0];
  for (let signal = 1; signal <= lastSignal; signal += 1) {
    if (signal === SIGKILL || signal === SIGSTOP) continue;
    calls.add("rt_sigaction", `signal ${signal}`, [signal, byDefault, 0, signalSetBytes]);
  }
  calls.add("rt_sigprocmask", "no signal", [SIG_SETMASK, [0], 0, signalSetBytes]);
}

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/** Starts the loopback interface of a new network namespace. */
export function startLoopback(calls: CallList): void {
  const request = Buffer.alloc(40);
  request.write("lo");
  request.writeUInt16LE(IFF_UP, 16);
  calls.add("socket", "IPv4", [AF_INET, SOCK_DGRAM | O_CLOEXEC, 0]);
  calls.add("ioctl", "lo", [calls.nextFd, SIOCSIFFLAGS, request]);
  calls.add("close", "a socket", [calls.nextFd]);
}

const CLOSE_RANGE_CLOEXEC = 4;

/** Replaces the launcher. The program keeps the first three descriptors. */
export function replaceLauncher(
  calls: CallList,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): void {
  const texts: Argument[] = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  calls.add("close_range", "every descriptor", [3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC]);
  calls.add("execve", program, [program, [program, ...args, 0], [...texts, 0]]);
}

import { closeSync, fstatSync, readFileSync, type Stats } from "node:fs";
import { addressOf, type SystemCallArgument, systemCall } from "../../../runtime/kernel.ts";
import { instructionBytes } from "../seccomp/bpf.ts";
import { type Machine, type SyscallName, syscallNumber } from "../seccomp/syscalls.ts";

// The system calls that set up a sandbox; see the manual page of each. Each throws when the kernel refuses.

const AT_FDCWD = -100;

function call(name: SyscallName, what: string, ...args: SystemCallArgument[]): number {
  return systemCall(`${name} of ${what}`, syscallNumber(name, process.arch as Machine)!, ...args);
}

export const mountFlags = { noSuid: 2, noDev: 4, noExec: 8 };

/** Mounts a file system of the kernel's own. */
export function mountNew(type: string, path: string, flags: number, options = ""): void {
  call("mount", path, type, path, type, flags, options);
}

/** What a mount that shows a piece of the old file system refuses. */
export const mountAttributes = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8 };

const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/**
 * Shows at `path` what lies at `source`. The attributes hold for every mount in it.
 *
 * @param expected what must lie there
 */
export function bindMount(source: string, path: string, attributes: number, expected?: Stats): void {
  const tree = call("open_tree", source, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  const found = fstatSync(tree);
  if (expected && (found.dev !== expected.dev || found.ino !== expected.ino)) {
    throw new Error(`something else lies at ${path} now`);
  }
  const settings = new BigUint64Array([BigInt(attributes), 0n, 0n, 0n]);
  call("mount_setattr", path, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, settings, settings.byteLength);
  call("move_mount", path, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
  closeSync(tree);
}

/** Makes the current folder the root of the file system, and puts the old one below it. */
export function pivotRoot(oldRoot: string): void {
  call("pivot_root", ".", ".", oldRoot);
}

/** Makes one mount read-only, and not those in it. */
export function makeReadOnly(path: string): void {
  const settings = new BigUint64Array([BigInt(mountAttributes.readOnly), 0n, 0n, 0n]);
  call("mount_setattr", path, AT_FDCWD, path, 0, settings, settings.byteLength);
}

const MNT_DETACH = 2;

export function detachMount(path: string): void {
  call("umount2", path, path, MNT_DETACH);
}

/** Sets a limit for this process and those that it starts. */
export function limitResource(resource: keyof typeof resources, most: number): void {
  const limits = new BigUint64Array([BigInt(most), BigInt(most)]);
  call("prlimit64", resource, 0, resources[resource], limits, 0);
}

const resources = { fileBytes: 1, dataBytes: 2, coreBytes: 4, processes: 6 };

const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Gives up every capability, for good, and the right to gain any by executing a program. */
export function dropCapabilities(): void {
  const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  for (let capability = 0; capability <= last; capability += 1) {
    call("prctl", "PR_CAPBSET_DROP", PR_CAPBSET_DROP, capability);
  }
  call("prctl", "PR_CAP_AMBIENT", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  call("capset", "nothing", new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]), new Uint32Array(6));
  call("prctl", "PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1);
}

const SECCOMP_SET_MODE_FILTER = 1;

/** Loads a filter of system calls. It holds for what this thread executes from now on. */
export function loadFilter(program: Uint8Array): void {
  const instructions = BigInt(program.byteLength / instructionBytes);
  call("seccomp", "the filter", SECCOMP_SET_MODE_FILTER, 0, new BigUint64Array([instructions, addressOf(program)]));
}

const lastSignal = 64;
const SIGKILL = 9;
const SIGSTOP = 19;
const SIG_SETMASK = 2;
const signalSetBytes = 8;

/** Gives every signal its default meaning: a program inherits what this one ignores and blocks. */
export function resetSignals(): void {
  const byDefault = new BigUint64Array(4);
  for (let signal = 1; signal <= lastSignal; signal += 1) {
    if (signal === SIGKILL || signal === SIGSTOP) continue;
    call("rt_sigaction", `signal ${signal}`, signal, byDefault, 0, signalSetBytes);
  }
  call("rt_sigprocmask", "no signal", SIG_SETMASK, new BigUint64Array(1), 0, signalSetBytes);
}

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/** Starts the loopback interface of a new network namespace. */
export function startLoopback(): void {
  const socket = call("socket", "IPv4", AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  const request = Buffer.alloc(40);
  request.write("lo");
  request.writeUInt16LE(IFF_UP, 16);
  call("ioctl", "lo", socket, SIOCSIFFLAGS, request);
  closeSync(socket);
}

const CLOSE_RANGE_CLOEXEC = 4;

/** Replaces this process. It keeps its first three descriptors. */
export function replaceProcess(program: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const texts: Buffer[] = [];
  const vector = (words: readonly string[]) => {
    const buffers = words.map((word) => Buffer.from(`${word}\0`));
    texts.push(...buffers);
    return new BigUint64Array([...buffers.map(addressOf), 0n]);
  };
  const [argv, envp] = [
    vector([program, ...args]),
    vector(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
  ];
  call("close_range", "every descriptor", 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC);
  call("execve", program, program, argv, envp);
}

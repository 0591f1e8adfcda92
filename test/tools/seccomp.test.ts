import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { assemble, compare, instructionBytes, load } from "../../src/tools/sandbox/seccomp/bpf.ts";
import { commandFilter, filterFor } from "../../src/tools/sandbox/seccomp/filter.ts";
import { rules } from "../../src/tools/sandbox/seccomp/rules.ts";
import { type Machine, syscallNames, syscallNumber } from "../../src/tools/sandbox/seccomp/syscalls.ts";

const machines = ["x64", "arm64"] as const;
const audit = { x64: 0xc000003e, arm64: 0xc00000b7 };
const allowed = 0x7fff0000;
const killed = 0x80000000;
const error = (errno: number) => 0x50000 + errno;
const [EPERM, EINVAL, ENOSYS, EAFNOSUPPORT] = [1, 22, 38, 97].map(error) as [number, number, number, number];

/** Runs a program as the kernel would, on the bytes that it is given. */
function execute(program: Uint8Array, data: { syscall: number; machine: number; args?: readonly bigint[] }): number {
  const call = new DataView(new ArrayBuffer(64));
  call.setUint32(0, data.syscall, true);
  call.setUint32(4, data.machine, true);
  data.args?.forEach((value, index) => void call.setBigUint64(16 + 8 * index, BigInt.asUintN(64, value), true));
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let accumulator = 0;
  for (let at = 0; at < program.byteLength; at += instructionBytes) {
    const operand = code.getUint32(at + 4, true);
    const skip = (isTrue: boolean) => (at += instructionBytes * code.getUint8(at + (isTrue ? 2 : 3)));
    switch (code.getUint16(at, true)) {
      case 0x20:
        accumulator = call.getUint32(operand, true);
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        break;
      case 0x15:
        skip(accumulator === operand);
        break;
      case 0x35:
        skip(accumulator >= operand);
        break;
      case 0x45:
        skip((accumulator & operand) !== 0);
        break;
      case 0x06:
        return operand;
      default:
        throw new Error(`The kernel knows no such instruction at ${at}.`);
    }
  }
  throw new Error("The program ran past its end.");
}

const answers = (machine: Machine, name: Parameters<typeof syscallNumber>[0], ...args: (number | bigint)[]) =>
  execute(commandFilter(machine)!, {
    syscall: syscallNumber(name, machine)!,
    machine: audit[machine],
    args: args.map(BigInt),
  });

test.each(machines)("a command on %s makes only sockets of the internet, and lists interfaces", (machine) => {
  const families = Array.from({ length: 64 }, (_, family) => family);
  const made = families.filter((family) => answers(machine, "socket", family, 1, 0) === allowed);
  expect(made).toEqual([2, 10, 16]);
  const netlink = Array.from({ length: 32 }, (_, protocol) => answers(machine, "socket", 16, 3, protocol));
  expect(netlink).toEqual([allowed, ...Array(31).fill(EAFNOSUPPORT)]);
  // The kernel reads the lower half of the family alone.
  expect(answers(machine, "socket", (1n << 32n) | 1n, 1, 0)).toBe(EAFNOSUPPORT);
});

test.each(machines)("a command on %s makes pairs of Unix sockets that are connected for good", (machine) => {
  const cloexec = 0o2000000;
  expect(answers(machine, "socketpair", 1, 1 | cloexec, 0)).toBe(allowed);
  expect(answers(machine, "socketpair", 1, 5, 0)).toBe(allowed);
  // A datagram socket can send to any name, and a raw Unix socket is one.
  for (const type of [2, 3, 2 | cloexec, 3 | cloexec]) {
    expect(answers(machine, "socketpair", 1, type, 0)).toBe(EAFNOSUPPORT);
  }
  expect(answers(machine, "socketpair", 2, 1, 0)).toBe(EAFNOSUPPORT);
});

test.each(machines)("a command on %s starts processes and threads, but no namespaces", (machine) => {
  const [SIGCHLD, CLONE_VM, CLONE_THREAD] = [17, 0x100, 0x10000];
  expect(answers(machine, "clone", SIGCHLD)).toBe(allowed);
  expect(answers(machine, "clone", CLONE_VM | CLONE_THREAD)).toBe(allowed);
  for (const bit of [17, 25, 26, 27, 28, 29, 30]) {
    expect(answers(machine, "clone", (1 << bit) | SIGCHLD)).toBe(EPERM);
    expect(answers(machine, "unshare", 1 << bit)).toBe(EPERM);
  }
  expect(answers(machine, "unshare", 0x80)).toBe(EPERM);
  // A thread's own table of descriptors is no namespace.
  expect(answers(machine, "unshare", 0x400)).toBe(allowed);
  expect(answers(machine, "clone3")).toBe(ENOSYS);
});

test.each(machines)("a command on %s types into no terminal, and shares only small segments", (machine) => {
  expect(answers(machine, "ioctl", 0, 0x5413)).toBe(allowed);
  expect(answers(machine, "ioctl", 0, 0x5412)).toBe(EPERM);
  expect(answers(machine, "ioctl", 0, (1n << 32n) | 0x5412n)).toBe(EPERM);
  expect(answers(machine, "shmget", 0, 1 << 20)).toBe(allowed);
  expect(answers(machine, "shmget", 0, (1 << 20) + 1)).toBe(EINVAL);
  expect(answers(machine, "shmget", 0, 1n << 32n)).toBe(EINVAL);
});

test.each(machines)("a command on %s makes no program that others execute as its user", (machine) => {
  const [CREAT, TMPFILE, WRONLY, AT_FDCWD] = [0o100, 0o20200000, 1, -100];
  for (const [name, before] of [
    ["fchmod", [3]],
    ["fchmodat", [AT_FDCWD, 0]],
    ["fchmodat2", [AT_FDCWD, 0]],
  ] as const) {
    expect(answers(machine, name, ...before, 0o755)).toBe(allowed);
    // The group of a folder passes to what is made in it.
    expect(answers(machine, name, ...before, 0o2775)).toBe(allowed);
    for (const mode of [0o4755, 0o6755, 0o104755]) expect(answers(machine, name, ...before, mode)).toBe(EPERM);
  }
  expect(answers(machine, "mknodat", AT_FDCWD, 0, 0o100755)).toBe(allowed);
  expect(answers(machine, "mknodat", AT_FDCWD, 0, 0o104755)).toBe(EPERM);
  // Without a flag that creates a file, its mode is whatever the register holds.
  expect(answers(machine, "openat", AT_FDCWD, 0, WRONLY, 0o4755)).toBe(allowed);
  for (const flag of [CREAT, TMPFILE]) {
    expect(answers(machine, "openat", AT_FDCWD, 0, WRONLY | flag, 0o666)).toBe(allowed);
    expect(answers(machine, "openat", AT_FDCWD, 0, WRONLY | flag, 0o4755)).toBe(EPERM);
    expect(answers(machine, "openat", AT_FDCWD, 0, WRONLY | flag, 0o2755)).toBe(EPERM);
  }
  expect(answers(machine, "openat2", AT_FDCWD, 0, 0, 24)).toBe(ENOSYS);
});

test("the older calls of x86-64 that set a mode are judged too", () => {
  expect(answers("x64", "chmod", 0, 0o755)).toBe(allowed);
  for (const name of ["chmod", "creat", "mknod"] as const) expect(answers("x64", name, 0, 0o104755)).toBe(EPERM);
  expect(answers("x64", "open", 0, 0o101, 0o4755)).toBe(EPERM);
  expect(answers("x64", "open", 0, 0, 0o4755)).toBe(allowed);
});

test.each(machines)("a program on %s enters the kernel only as one of that machine", (machine) => {
  const filter = commandFilter(machine)!;
  const i386 = 0x40000003;
  for (const other of [i386, 0x40000028, ...Object.values(audit).filter((one) => one !== audit[machine])]) {
    expect(execute(filter, { syscall: 1, machine: other })).toBe(killed);
  }
  const x32 = 0x40000000;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), (number) => {
      expect(execute(filter, { syscall: x32 + number, machine: audit[machine] })).toBe(ENOSYS);
    }),
  );
});

test.each(machines)("a call that %s has and no rule names is let through, and one of the future is not", (machine) => {
  const named = new Set(rules.flatMap(({ syscalls }) => syscalls.map((name) => syscallNumber(name, machine))));
  const filter = commandFilter(machine)!;
  for (let syscall = 0; syscall < 700; syscall += 1) {
    if (named.has(syscall)) continue;
    expect([syscall, execute(filter, { syscall, machine: audit[machine] })]).toEqual([
      syscall,
      syscall < 470 ? allowed : ENOSYS,
    ]);
  }
});

test("there is no filter for another machine", () => {
  expect(commandFilter("riscv64")).toBeUndefined();
});

test("a jump past the end of a program is not assembled", () => {
  expect(() => assemble([load(0), compare("equal", 1, { ifTrue: 1 })])).toThrow("too far");
  expect(() => assemble(filterFor("x64"))).not.toThrow();
});

const headers = { x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", arm64: "/usr/include/asm-generic/unistd.h" };

test.skipIf(!Object.values(headers).every(existsSync)).each(machines)(
  "the numbers of the system calls of %s are those of the kernel's headers",
  (machine) => {
    const text = readFileSync(headers[machine], "utf8");
    const known = new Map<string, number>();
    for (const [, name, number] of text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)) {
      if (!known.has(name!)) known.set(name!, Number(number));
    }
    const compared = syscallNames.filter((name) => known.has(name));
    expect(compared.length).toBeGreaterThan(60);
    for (const name of compared) expect([name, syscallNumber(name, machine)]).toEqual([name, known.get(name)!]);
  },
);

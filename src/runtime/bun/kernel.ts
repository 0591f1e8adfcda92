import { dlopen, type Pointer, ptr, read } from "bun:ffi";

/** What a system call takes: a number, or the address of a text that ends with a NUL. */
type SystemCallArgument = number | string;

/** A system call failed. `errno` is the error number of errno(3). */
export class SystemCallError extends Error {
  readonly errno: number;

  constructor(what: string, errno: number) {
    super(`${what} failed with error ${errno}`);
    this.errno = errno;
  }
}

const argumentCount = 6;

/** The C library of glibc, and of musl on each machine. */
const libraries = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

function openLibrary(name: string) {
  const word = "i64" as const;
  return dlopen(name, {
    syscall: { args: [word, word, word, word, word, word, word], returns: word },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
}

let library: ReturnType<typeof openLibrary> | undefined;

function open(): ReturnType<typeof openLibrary> {
  for (const name of libraries) {
    try {
      return openLibrary(name);
    } catch {
      // The next one may be there.
    }
  }
  throw new Error("The C library cannot be loaded.");
}

/**
 * Calls the kernel on the current thread. Linux only.
 *
 * @param what names the call in an error message
 * @throws SystemCallError
 */
export function systemCall(what: string, number: number, ...args: SystemCallArgument[]): number {
  library ??= open();
  // They must stay where they are until the call has returned.
  const held: unknown[] = [];
  const words = Array.from({ length: argumentCount }, (_, index) => wordOf(args[index] ?? 0, held));
  const [a, b, c, d, e, f] = words as [bigint, bigint, bigint, bigint, bigint, bigint];
  const result = Number(library.syscall(BigInt(number), a, b, c, d, e, f));
  if (result >= 0) return result;
  throw new SystemCallError(what, read.i32(library.__errno_location() as Pointer, 0));
}

function wordOf(argument: SystemCallArgument, held: unknown[]): bigint {
  if (typeof argument === "number") return BigInt(argument);
  const bytes = Buffer.from(`${argument}\0`);
  held.push(bytes);
  return BigInt(ptr(bytes));
}

/**
 * Reads files that this process may have open as SQLite databases. The locks of SQLite belong to the process and the
 * file: closing any descriptor of the file releases them, and another process that closes the database then removes the
 * log that this process writes to. Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";

/** First bytes of a database, and of the memory that connections share, in either byte order. */
const lockedFiles = ["SQLite format 3\0", "\x18\xe2\x2d\0", "\0\x2d\xe2\x18"].map((text) =>
  Buffer.from(text, "latin1"),
);
/** The size of both is a multiple of this, in bytes. */
const sizeUnit = 512;

const descriptors = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";

/** The descriptor by which SQLite has a file open in this process; undefined when it has not. */
function heldBySqlite({ dev, ino, size }: Stats): number | undefined {
  if (size === 0 || size % sizeUnit !== 0) return undefined;
  for (const name of readdirSync(descriptors)) {
    const fd = Number(name);
    try {
      const stats = fstatSync(fd);
      if (stats.ino === ino && stats.dev === dev && isLockedFile(fd)) return fd;
    } catch {
      // Closed since, such as that of the folder itself, or open only for writing.
    }
  }
  return undefined;
}

function isLockedFile(fd: number): boolean {
  const start = Buffer.alloc(16);
  readSync(fd, start, 0, start.length, 0);
  return lockedFiles.some((each) => start.subarray(0, each.length).equals(each));
}

/** What a path leads to, without opening it, and by which descriptor SQLite has it open in this process. */
function look(path: string, flags: number): { readonly stats: Stats; readonly held: number | undefined } {
  const stats = (flags & constants.O_NOFOLLOW) === 0 ? statSync(path) : lstatSync(path);
  return { stats, held: heldBySqlite(stats) };
}

/**
 * Refuses a file that this process has open as a database. Must come before a file is opened whose path others can
 * change, to a link for example.
 * @throws an error with the code EBUSY; the system's error when there is no file
 */
export function refuseOpenDatabase(path: string): void {
  if (look(path, 0).held !== undefined) throw isOpen(path);
}

/**
 * Opens a file for reading. Never waits, as opening a FIFO would.
 * @returns a descriptor
 * @throws an error with the code EBUSY for a file that this process has open as a database; the system's error
 */
export function openForReading(path: string, flags = 0): OpenFile {
  const { stats, held } = look(path, flags);
  if (held !== undefined) throw isOpen(path);
  return open(path, flags, stats);
}

interface OpenFile {
  readonly fd: number;
  readonly stats: Stats;
}

function open(path: string, flags: number, { dev, ino }: Stats): OpenFile {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  const stats = fstatSync(fd);
  // The path has led to another file since. The descriptor of a database must stay open then.
  if ((stats.dev !== dev || stats.ino !== ino) && heldBySqlite(stats) !== undefined) throw isOpen(path);
  return { fd, stats };
}

/**
 * Reads the first bytes of a regular file, also of a database that this process has open.
 * @returns at most `length` bytes; undefined when the path leads to something else
 * @throws the system's error
 */
export function readStart(path: string, length: number, flags = 0): Buffer | undefined {
  const { stats, held } = look(path, flags);
  if (!stats.isFile()) return undefined;
  if (held !== undefined) return startOf(held, length);
  const { fd, stats: opened } = open(path, flags, stats);
  try {
    return opened.isFile() ? startOf(fd, length) : undefined;
  } finally {
    closeSync(fd);
  }
}

function startOf(fd: number, length: number): Buffer {
  const start = Buffer.alloc(length);
  return start.subarray(0, readSync(fd, start, 0, length, 0));
}

function isOpen(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path} is a database that this process has open.`), { code: "EBUSY" });
}

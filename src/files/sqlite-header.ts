import { closeSync, constants, openSync, readSync } from "node:fs";

const magic = "SQLite format 3\0";
/** Where the header says how the file is written. */
const versionOffset = 18;
const walVersion = 2;

/** What the first bytes of a SQLite file say. */
export interface SqliteHeader {
  /** Whether changes go to a write-ahead log (WAL) first, and not to a rollback journal. */
  readonly hasLog: boolean;
}

/**
 * Reads a file's first bytes. Unlike opening it with SQLite, this plays back no journal that lies next to it.
 * @returns undefined when it is not a SQLite file, or is empty
 * @throws the system's error
 */
export function sqliteHeader(path: string): SqliteHeader | undefined {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const start = Buffer.alloc(versionOffset + 1);
    const length = readSync(fd, start, 0, start.length, 0);
    if (length < start.length || start.toString("latin1", 0, magic.length) !== magic) return undefined;
    return { hasLog: start[versionOffset] === walVersion };
  } finally {
    closeSync(fd);
  }
}

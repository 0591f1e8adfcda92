import { constants } from "node:fs";
import { throwIfExhausted } from "./exhausted.ts";
import { readStart } from "./open-database.ts";

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
  const start = readStart(path, versionOffset + 1);
  if (start?.length !== versionOffset + 1 || start.toString("latin1", 0, magic.length) !== magic) return undefined;
  return { hasLog: start[versionOffset] === walVersion };
}

const beginnings = [
  Buffer.from(magic, "latin1"),
  // A journal, and a write-ahead log in either byte order.
  Buffer.from("d9d505f920a163d7", "hex"),
  Buffer.from("377f0682", "hex"),
  Buffer.from("377f0683", "hex"),
];

/** Whether a file begins like a database of SQLite, or like a file that SQLite keeps next to one. */
export function beginsLikeDatabase(path: string): boolean {
  try {
    const start = readStart(path, magic.length, constants.O_NOFOLLOW);
    return start !== undefined && beginnings.some((each) => start.subarray(0, each.length).equals(each));
  } catch (error) {
    throwIfExhausted(error);
    return false;
  }
}

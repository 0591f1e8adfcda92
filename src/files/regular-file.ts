import { closeSync, readFileSync, type Stats } from "node:fs";
import { throwIfExhausted } from "./exhausted.ts";
import { openForReading } from "./open-database.ts";

/**
 * Reads a file whose path somebody else can change at any time. Opening never waits, as it would for a FIFO.
 *
 * @returns undefined when there is no regular file, or one of more than `maxBytes`
 */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  let opened: { readonly fd: number; readonly stats: Stats };
  try {
    opened = openForReading(path);
  } catch (error) {
    throwIfExhausted(error);
    return undefined;
  }
  const { fd, stats } = opened;
  try {
    return stats.isFile() && stats.size <= maxBytes ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}

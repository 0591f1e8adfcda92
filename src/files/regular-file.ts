import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { throwIfExhausted } from "./exhausted.ts";

/**
 * Reads a file whose path somebody else can change at any time. Opening never waits, as it would for a FIFO.
 *
 * @returns undefined when there is no regular file, or one of more than `maxBytes`
 */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throwIfExhausted(error);
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= maxBytes ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}

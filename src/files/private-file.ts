import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, openSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { SmithersError } from "../errors/index.ts";

/** Mode of a file that only its owner can read and write. */
export const ownerOnly = 0o600;

/**
 * Creates an empty file with mode 0600. Never opens one that exists, and follows no link.
 * @throws the system's error; EEXIST when the name is taken
 */
export function createPrivateFile(path: string): void {
  closeSync(openSync(path, "wx", ownerOnly));
}

/**
 * Writes a file with mode 0600 in one step. It replaces what has the name; a link is replaced, not followed.
 * @throws the system's error
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const part = `${path}.${randomBytes(8).toString("hex")}.part`;
  try {
    await writeFile(part, text, { flag: "wx", mode: ownerOnly });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Opens a file for appending, with mode 0600.
 * @returns a file descriptor
 * @throws FILE_UNAVAILABLE when the name is taken by a link, by what is not a file, or by another user; the system's
 *   error
 */
export function openPrivateLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    // A FIFO would block until another process reads it.
    fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownerOnly);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP" || code === "ENXIO" || code === "EISDIR") throw taken(path, "it is not a regular file", error);
    throw error;
  }
  const stats = fstatSync(fd);
  const problem = !stats.isFile()
    ? "it is not a regular file"
    : stats.uid === process.geteuid?.()
      ? undefined
      : "it belongs to another user";
  if (problem === undefined) {
    fchmodSync(fd, ownerOnly);
    return fd;
  }
  closeSync(fd);
  throw taken(path, problem);
}

function taken(path: string, reason: string, cause?: unknown): SmithersError {
  return new SmithersError("FILE_UNAVAILABLE", `${path} cannot be used: ${reason}.`, { cause });
}

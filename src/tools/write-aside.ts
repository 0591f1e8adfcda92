import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { Place } from "./confined.ts";
import { fileError, fileFailed } from "./file-error.ts";

/**
 * Replaces the file at a place in one step: a reader sees the old text or the new one, also after a crash.
 * Its permissions stay; a link to it from elsewhere keeps the old text.
 *
 * @param expected the file's earlier state; if it has changed since, nothing is replaced and false is returned
 * @throws TOOL_FILE_FAILED
 */
export function writeAside(place: Place, path: string, bytes: Buffer, expected?: Stats): boolean {
  const target = `${place.folder}/${place.name}`;
  const aside = `${place.folder}/.${place.name.slice(0, 100)}.smithers-${randomBytes(6).toString("hex")}`;
  const before = statsAt(target, path);
  if (place.name === "." || before?.isDirectory()) throw fileFailed(path, "EISDIR", "it is a folder");
  if (before && !before.isFile()) throw fileFailed(path, "EINVAL", "it is not a regular file");
  try {
    const fd = openSync(aside, "wx", 0o666);
    try {
      // The new content does not run as the file's owner, also where the old one did.
      if (before) fchmodSync(fd, before.mode & 0o1777);
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (expected && !isSame(lstatSync(target, { throwIfNoEntry: false }), expected)) {
      unlinkSync(aside);
      return false;
    }
    renameSync(aside, target);
    return true;
  } catch (error) {
    try {
      unlinkSync(aside);
    } catch {
      // It was not made, or has been renamed.
    }
    throw fileError(path, error);
  }
}

function statsAt(target: string, path: string): Stats | undefined {
  try {
    return lstatSync(target, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(path, error);
  }
}

function isSame(now: Stats | undefined, before: Stats): boolean {
  return now?.ino === before.ino && now.mtimeMs === before.mtimeMs && now.size === before.size;
}

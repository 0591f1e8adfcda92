import { randomBytes } from "node:crypto";
import { closeSync, lstatSync, readlinkSync, realpathSync, renameSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { type HeldFolder, holdFolder, throwIfExhausted, unlockHeld } from "../../files/index.ts";
import { isBelow } from "../sandbox/index.ts";
import { executesNothing } from "./git-files.ts";

/** What was at a watched path. */
export interface Noted {
  /** The folder that a command can change and that the path lies in, with links resolved. */
  readonly within: string;
  /** The target of the link that was there; undefined when there was nothing. */
  readonly link: string | undefined;
  /** Whether a repository may be made there that has git execute nothing. */
  readonly mayBeRepository?: boolean;
}

/** What was at the watched paths, by path. No link was on the way to one. */
export type NotedPaths = ReadonlyMap<string, Noted>;

/**
 * Records what is at the watched paths now. What lies outside of the folder, also through a link, is left out.
 *
 * @param within the folder that a command can change, with links resolved
 */
export function notePaths(within: string, paths: readonly string[]): NotedPaths {
  const folders = new Map<string, string>();
  const noted = new Map<string, Noted>();
  for (const path of paths) {
    const folder = dirname(path);
    const real = folders.get(folder) ?? realFolder(folder);
    folders.set(folder, real);
    const place = join(real, basename(path));
    if (isBelow(real, within)) noted.set(place, { within, link: linkAt(place) });
  }
  return noted;
}

/** Records that there is nothing at these paths, and that repositories may be made there that have git execute nothing. */
export function noteRepositories(within: string, paths: readonly string[]): NotedPaths {
  return new Map(paths.map((path) => [path, { within, link: undefined, mayBeRepository: true }]));
}

/** A folder's path without the links on the way to it. It need not exist. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throwIfExhausted(error);
    return path === dirname(path) ? path : join(realFolder(dirname(path)), basename(path));
  }
}

/** A changed path, and the new name of what was there. */
export interface Undone {
  readonly path: string;
  readonly renamedTo: string | undefined;
}

/**
 * Undoes what a command has done at watched paths: renames what it has made there, or the link that it has put on the
 * way, and restores a link that it has replaced. It never follows a link: one that leads out of the folder would have
 * files renamed there.
 */
export function undo(watched: NotedPaths): Undone[] {
  return [...watched].flatMap(([path, noted]) => {
    if (noted.link === undefined && !mayExist(path)) return [];
    if (noted.mayBeRepository && executesNothing(path)) return [];
    return undoAt(path, noted) ?? [];
  });
}

function undoAt(path: string, { within, link }: Noted): Undone | undefined {
  return onWay(within, path, (folder, name) => {
    const here = `${folder.path}/${name.split(sep).at(-1)}`;
    const found = join(within, name);
    const isOnWay = found !== path;
    if (!isOnWay && link !== undefined && linkAt(here) === link) return undefined;
    const isThere = isOnWay || mayExist(here);
    if (!isThere && link === undefined) return undefined;
    unlockHeld(folder, 0o700);
    const suffix = isThere ? freeSuffix(here) : undefined;
    if (suffix !== undefined) renameSync(here, here + suffix);
    if (!isOnWay && link !== undefined) symlinkSync(link, here);
    return { path: found, renamedTo: suffix === undefined ? undefined : found + suffix };
  });
}

/**
 * Goes from a folder to a path below it, and calls `act` where the way ends: at the first link, or at the last name.
 *
 * @param act called with the folder in which the way ends, and the part of the path that leads there
 * @returns undefined where a folder on the way is missing
 */
function onWay<R>(
  within: string,
  path: string,
  act: (folder: HeldFolder, part: string) => R | undefined,
): R | undefined {
  const names = relative(within, path).split(sep);
  let folder = holdFolder(within);
  try {
    for (const [index, name] of names.entries()) {
      const next = `${folder.path}/${name}`;
      unlockHeld(folder, 0o500);
      if (index === names.length - 1 || linkAt(next) !== undefined) {
        return act(folder, names.slice(0, index + 1).join(sep));
      }
      const inner = holdFolder(next);
      closeSync(folder.fd);
      folder = inner;
    }
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  } finally {
    closeSync(folder.fd);
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether something is at a path, also in a folder that this user may not enter. */
function mayExist(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}

/** What is appended to a name for one that is free. A command may have taken many. */
function freeSuffix(path: string): string {
  for (let number = 1; number < 10; number += 1) {
    const suffix = number === 1 ? ".refused" : `.refused-${number}`;
    if (!mayExist(path + suffix)) return suffix;
  }
  return `.refused-${randomBytes(8).toString("hex")}`;
}

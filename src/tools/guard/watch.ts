import { lstatSync, readlinkSync, renameSync, symlinkSync } from "node:fs";

/** What was at the watched paths: the target of a link, or undefined for nothing. */
export type NotedPaths = ReadonlyMap<string, string | undefined>;

/** Records what is at the watched paths now. */
export function notePaths(paths: readonly string[]): NotedPaths {
  return new Map(paths.map((path) => [path, linkAt(path)]));
}

/** A changed path, and the new name of what was there. */
export interface Undone {
  readonly path: string;
  readonly renamedTo: string | undefined;
}

/**
 * Undoes what a command has done at watched paths: renames what it has made there, and restores a link that it has
 * replaced.
 */
export function undo(watched: NotedPaths): Undone[] {
  return [...watched].flatMap(([path, target]) => {
    if (linkAt(path) === target && (target !== undefined || !exists(path))) return [];
    const renamedTo = exists(path) ? freeName(path) : undefined;
    if (renamedTo !== undefined) renameSync(path, renamedTo);
    if (target !== undefined) symlinkSync(target, path);
    return [{ path, renamedTo }];
  });
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function freeName(path: string): string {
  const name = `${path}.refused`;
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!exists(free)) return free;
  }
}

import { closeSync, existsSync, openSync, readFileSync, realpathSync } from "node:fs";
import { sep } from "node:path";

/** Folders that hold sockets and other processes' files: a command sees empty ones of its own. */
export const privateFolders = ["/tmp", "/var/tmp", "/run", "/var/run"];

/** What is seen of those folders nevertheless: this program itself, and folders of programs, as a PATH may name. */
export function programsInPrivateFolders(path: string): string[] {
  return [...new Set([process.execPath, ...path.split(":")])].filter(
    (each) => privateFolders.some((folder) => each.startsWith(`${folder}/`)) && existsSync(each),
  );
}

/** Whether a command sees what lies at a path: its own empty folders cover it unless the root or a program lies there too. */
export function isCovered(path: string, seen: readonly string[]): boolean {
  return privateFolders.some((folder) => isBelow(path, folder)) && !seen.some((each) => isBelow(path, each));
}

/** What a SQLite database keeps beside its file. */
export const databaseSuffixes = ["", "-wal", "-shm", "-journal"];

export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * The private files that exist, with what SQLite keeps beside a database, where they really lie. A database below
 * `writableDir` is given an empty journal if it has none: SQLite would play back one that a command has made.
 */
export function existingFiles(privatePaths: readonly string[], writableDir?: string): string[] {
  const found = new Set<string>();
  for (const path of privatePaths) {
    if (path === "") continue;
    if (writableDir !== undefined) keepJournal(path, writableDir);
    for (const suffix of databaseSuffixes) {
      try {
        found.add(realpathSync(path + suffix));
      } catch {
        // Not every database has all of them.
      }
    }
  }
  return [...found];
}

function keepJournal(path: string, writableDir: string): void {
  try {
    const database = realpathSync(path);
    // Only a database in use, and in this mode, has one of these.
    if (isBelow(database, writableDir) && existsSync(`${database}-wal`))
      closeSync(openSync(`${database}-journal`, "a"));
  } catch {
    // There is no such database.
  }
}

/**
 * The sockets that somebody on this machine listens on by a path, outside of `rootDir` and of the folders that are
 * hidden anyway. A read-only mount would not keep a command from connecting to them.
 */
export function pathSockets(rootDir: string): string[] {
  let table: string;
  try {
    table = readFileSync("/proc/net/unix", "utf8");
  } catch {
    return [];
  }
  const paths = new Set<string>();
  for (const line of table.split("\n")) {
    const path = /^\S+ \S+ \S+ \S+ \S+ \S+ +\d+ (\/.*)$/.exec(line)?.[1];
    if (path === undefined || isBelow(path, rootDir) || privateFolders.some((folder) => isBelow(path, folder)))
      continue;
    if (existsSync(path)) paths.add(realpathSync(path));
  }
  return [...paths].filter((path) => !isBelow(path, rootDir));
}

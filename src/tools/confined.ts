import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { SmithersError } from "../errors/index.ts";
import { openForReading } from "../files/index.ts";
import { codeOf, fileError, fileFailed } from "./file-error.ts";
import { databaseSuffixes, isBelow } from "./sandbox/index.ts";

/** Most links that one path may lead through, as in the kernel. */
const maxLinks = 40;

/** A name in a folder that is held open: renaming the folders above does not move it. */
export interface Place {
  /** The folder, by a path that goes through its open descriptor. */
  readonly folder: string;
  /** The folder's current path. */
  readonly realFolder: string;
  /** The name in the folder; "." for the root itself. */
  readonly name: string;
  /** The place below the root, for messages. */
  readonly shown: string;
}

/** What tools are confined to. */
export interface Root {
  /** The run's root folder, absolute. */
  readonly rootDir: string;
  /** A folder below it that a task has narrowed the root to, as a path of names; "" for the root itself. */
  readonly narrowedTo: string;
}

/** The root folder, held open: the descriptor stays with the folder when something is renamed. */
export interface OpenRoot {
  readonly fd: number;
  /** Where the folder was when it was opened. */
  readonly path: string;
}

/**
 * Calls `act` with the root folder. Each folder of a narrowed root is opened by name in the one above and never
 * through a link, so another task that swaps one of them for a link leads nowhere.
 *
 * @param path what the caller asked for, for messages
 * @throws TOOL_PATH_ESCAPE when a narrowed root leads through a link, TOOL_FILE_FAILED when it does not exist
 */
export function withRoot<R>({ rootDir, narrowedTo }: Root, path: string, act: (root: OpenRoot) => R): R {
  let at = realpathSync(rootDir);
  let fd = openFolder(at, path);
  try {
    for (const name of narrowedTo.split(sep).filter(Boolean)) {
      const step = `${through({ fd, path: at })}/${name}`;
      if (linkTarget(step) !== undefined) throw narrowedThroughLink(narrowedTo);
      const next = openFolder(step, narrowedTo);
      closeSync(fd);
      fd = next;
      at = join(at, name);
    }
    return act({ fd, path: at });
  } finally {
    closeSync(fd);
  }
}

/**
 * Calls `act` with the place that a path below the root leads to. Each folder on the way is opened by name in the
 * one above, never through a link; links are read and followed here, as long as they stay below the root. A link that
 * is swapped during this leads nowhere.
 *
 * @param beforeMaking makes the folders on the way that do not exist, and is called with the path of each before
 * @throws TOOL_PATH_ESCAPE, TOOL_FILE_FAILED
 */
export function withPlace<R>(root: Root, path: string, beforeMaking: BeforeMaking, act: (place: Place) => R): R {
  return withRoot(root, path, (open) => {
    const held: Held[] = [{ ...open, name: "" }];
    try {
      return act(walk(open.path, path, beforeMaking, held));
    } finally {
      for (const { fd } of held.slice(1)) closeSync(fd);
    }
  });
}

/** Called with the path of each folder on the way, before it is made if it does not exist. False: make none. */
type BeforeMaking = false | ((path: string) => void);

function walk(root: string, path: string, beforeMaking: BeforeMaking, held: Held[]): Place {
  const left = components(root, path, path);
  let links = 0;
  let name = ".";
  while (left.length > 0) {
    name = left.shift()!;
    if (name === "..") {
      if (held.length === 1) throw escapes(path);
      closeSync(held.pop()!.fd);
      name = ".";
      continue;
    }
    const above = held.at(-1)!;
    const folder = through(above);
    const link = linkTarget(`${folder}/${name}`);
    if (link !== undefined) {
      links += 1;
      if (links > maxLinks) throw fileFailed(path, "ELOOP", "it leads through too many links");
      if (isAbsolute(link)) for (const { fd } of held.splice(1)) closeSync(fd);
      left.unshift(...components(root, link, path));
      name = ".";
      continue;
    }
    if (left.length === 0) break;
    if (beforeMaking) {
      beforeMaking(join(realFolder(above), name));
      makeFolder(`${folder}/${name}`, path);
    }
    held.push({ fd: openFolder(`${folder}/${name}`, path), name, path: `${above.path}/${name}` });
    name = ".";
  }
  const shown = [...held.slice(1).map((each) => each.name), ...(name === "." ? [] : [name])].join("/") || ".";
  const last = held.at(-1)!;
  return { folder: through(last), realFolder: realFolder(last), name, shown };
}

/** The names of a path: from the root for an absolute path, otherwise from the current folder of the walk. */
function components(root: string, path: string, given: string): string[] {
  if (path.includes("\0")) throw fileFailed(given, "EINVAL", "it holds a NUL character");
  if (!isAbsolute(path)) return path.split(sep).filter((step) => step !== "" && step !== ".");
  const whole = resolve(path);
  if (!isBelow(whole, root)) throw escapes(given);
  return relative(root, whole).split(sep).filter(Boolean);
}

/** A folder that is held open, and the path by which it was opened. */
interface Held extends OpenRoot {
  readonly name: string;
}

/**
 * On Linux, the name of a descriptor, by which the kernel finds the open folder without resolving a path.
 * macOS has none; there, opening refuses any link in the path (written from its manual, not tested yet).
 */
const through = ({ fd, path }: OpenRoot) => (process.platform === "linux" ? `/proc/self/fd/${fd}` : path);

const realFolder = (held: Held) => (process.platform === "linux" ? readlinkSync(through(held)) : held.path);

/** O_NOFOLLOW_ANY of macOS. */
const noLinks = constants.O_NOFOLLOW | (process.platform === "darwin" ? 0x20000000 : 0);

function openFolder(path: string, given: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | noLinks);
  } catch (error) {
    throw fileError(given, error);
  }
}

function makeFolder(path: string, given: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw fileError(given, error);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It is not a link, or does not exist. Opening it reports that.
    return undefined;
  }
}

/**
 * Opens the file at a place for reading. It must be a regular file, and not a private one.
 * @throws TOOL_FILE_FAILED, TOOL_PATH_ESCAPE
 */
export function openFile(place: Place, path: string, privateFiles: readonly string[]): { fd: number; stats: Stats } {
  const opened = openPlace(place, path, privateFiles);
  try {
    refuseSpecial(opened.stats, path);
    refusePrivate(opened.stats, path, privateFiles);
    return opened;
  } catch (error) {
    closeSync(opened.fd);
    throw error;
  }
}

function openPlace({ folder, name }: Place, path: string, privateFiles: readonly string[]) {
  const file = `${folder}/${name}`;
  try {
    refusePrivate(lstatSync(file), path, privateFiles);
    return openForReading(file, noLinks);
  } catch (error) {
    throw fileError(path, error);
  }
}

function refuseSpecial(stats: Stats, path: string): void {
  if (stats.isDirectory()) throw fileFailed(path, "EISDIR", "it is a folder");
  if (!stats.isFile()) throw fileFailed(path, "EINVAL", "it is not a regular file");
}

/** Compares the file itself, not its name: a hard link is the same file. */
function refusePrivate({ dev, ino }: Stats, path: string, privateFiles: readonly string[]): void {
  for (const file of privateFiles) {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats?.dev === dev && stats.ino === ino) throw ofTheServer(path);
  }
}

/**
 * Refuses a place that is, or would be, a private file: SQLite would trust a journal that another program has written.
 * @throws TOOL_PATH_ESCAPE
 */
export function refusePrivateName(place: Place, path: string, privatePaths: readonly string[]): void {
  const found = join(place.realFolder, place.name);
  for (const file of privatePaths) {
    if (file !== "" && databaseSuffixes.some((suffix) => found === realName(file) + suffix)) throw ofTheServer(path);
  }
}

function realName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realpathSync(dirname(path)), basename(path));
  }
}

function ofTheServer(path: string): SmithersError {
  return new SmithersError("TOOL_PATH_ESCAPE", `"${path}" belongs to the server.`, { details: { path } });
}

/**
 * The path of a folder below the root, without links, for a command to start in.
 * @throws TOOL_PATH_ESCAPE, TOOL_FILE_FAILED
 */
export function confinedFolder(root: Root, path: string): string {
  return withPlace(root, path, false, ({ folder, name, shown }) => {
    closeSync(openFolder(`${folder}/${name}`, path));
    return join(realpathSync(root.rootDir), root.narrowedTo, shown);
  });
}

function escapes(path: string): SmithersError {
  return new SmithersError("TOOL_PATH_ESCAPE", `"${path}" leads out of the root folder.`, { details: { path } });
}

function narrowedThroughLink(path: string): SmithersError {
  return new SmithersError(
    "TOOL_PATH_ESCAPE",
    `The folder "${path}" that the tools are confined to leads through a link.`,
    {
      details: { path },
    },
  );
}

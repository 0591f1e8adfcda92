import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { SmithersError } from "../errors/index.ts";
import { runtime, sha1 } from "../runtime/index.ts";

/** Errors next to the source after which another folder may work. */
const fallbackErrors: ReadonlySet<string | undefined> = new Set(["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT"]);

/** A younger file may belong to another process that is about to import it. */
const leftoverAfterMs = 60_000;

/** Path of the file that a workflow's bundle is imported from: next to the source, and named by its content. */
export function shadowPath(source: string, hash: string): string {
  return join(dirname(source), `${prefix(source)}${hash}.tsx`);
}

/**
 * Writes a shadow file atomically, replacing an identical one. The file goes to a private folder of this process if the
 * source's folder is not writable or has no room, and if no module can be imported from there.
 * @returns the file's path
 * @throws DB_FULL when neither works
 */
export async function writeShadow(source: string, hash: string, code: string): Promise<string> {
  const path = shadowPath(source, hash);
  if (!runtime.canImport(path)) return writePrivate(source, hash, code);
  try {
    await writeWhole(path, code);
    return path;
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    if (!fallbackErrors.has(reason)) throw error;
    return writePrivate(source, hash, code);
  }
}

/** A name that no one could take before: what is imported from there runs in this process. */
let privateFolder: string | undefined;

async function writePrivate(source: string, hash: string, code: string): Promise<string> {
  try {
    privateFolder ??= await mkdtemp(join(tmpdir(), "smithers-"));
    await mkdir(privateFolder, { recursive: true, mode: 0o700 });
    const path = join(privateFolder, `${sha1(`${source}\0${hash}`)}.tsx`);
    await writeWhole(path, code);
    return path;
  } catch (cause) {
    throw new SmithersError(
      "DB_FULL",
      "The compiled workflow cannot be written next to its source or to the temporary folder.",
      { cause },
    );
  }
}

export async function removeShadow(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
  // Fails while other shadow files are in it.
  if (privateFolder !== undefined && dirname(path) === privateFolder) await rmdir(privateFolder).catch(() => {});
}

/** Removes a source's shadow files that killed processes have left behind. */
export async function removeLeftovers(source: string, inUse: string): Promise<void> {
  const folder = dirname(source);
  const leftovers = (await readdir(folder)).filter(
    (name) => name.startsWith(prefix(source)) && name !== basename(inUse),
  );
  for (const name of leftovers) {
    const path = join(folder, name);
    const changedMs = await stat(path).then(
      (file) => file.mtimeMs,
      () => undefined,
    );
    if (changedMs !== undefined && Date.now() - changedMs > leftoverAfterMs) await removeShadow(path);
  }
}

async function writeWhole(path: string, code: string): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await writeFile(part, code);
    await rename(part, path);
  } catch (error) {
    await removeShadow(part);
    throw error;
  }
}

function prefix(source: string): string {
  return `.${basename(source, extname(source))}.smithers-`;
}

import { randomUUID } from "node:crypto";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { SmithersError } from "../errors/index.ts";

/** Errors next to the source after which another folder may work. */
const fallbackErrors: ReadonlySet<string | undefined> = new Set(["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT"]);

/** A younger file may belong to another process that is about to import it. */
const leftoverAfterMs = 60_000;

/** Path of the file that a workflow's bundle is imported from: next to the source, and named by its content. */
export function shadowPath(source: string, hash: string): string {
  return join(dirname(source), `${prefix(source)}${hash}.tsx`);
}

/**
 * Writes a shadow file atomically, replacing an identical one. If the source's folder is not writable or has no room,
 * the file goes to the system's temporary folder.
 * @returns the file's path
 * @throws DB_FULL when neither works
 */
export async function writeShadow(source: string, hash: string, code: string): Promise<string> {
  const path = shadowPath(source, hash);
  try {
    await writeWhole(path, code);
    return path;
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    if (!fallbackErrors.has(reason)) throw error;
    const fallback = join(tmpdir(), basename(path));
    await writeWhole(fallback, code).catch((cause) => {
      throw new SmithersError(
        "DB_FULL",
        "The compiled workflow cannot be written next to its source or to the temporary folder.",
        { cause },
      );
    });
    return fallback;
  }
}

export async function removeShadow(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
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

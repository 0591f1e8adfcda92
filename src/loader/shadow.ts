import { randomUUID } from "node:crypto";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { SmithersError } from "../errors/index.ts";

/** Why a file may fit elsewhere that does not fit beside its source. */
const besideFails: ReadonlySet<string | undefined> = new Set(["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT"]);

/** Younger files may be another process's that is about to import them. */
const leftoverAfterMs = 60_000;

/** The file that a workflow's bundle is imported from: beside its source and named by its content. */
export function shadowPath(source: string, hash: string): string {
  return join(dirname(source), `${prefix(source)}${hash}.tsx`);
}

/**
 * Writes a shadow file whole, or leaves the one that is there. Where the source's folder cannot be
 * written or has no room, the file goes to the system's temporary folder.
 * @returns where it is
 * @throws DB_FULL when there is no room anywhere
 */
export async function writeShadow(source: string, hash: string, code: string): Promise<string> {
  const beside = shadowPath(source, hash);
  try {
    await writeWhole(beside, code);
    return beside;
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    if (!besideFails.has(reason)) throw error;
    const elsewhere = join(tmpdir(), basename(beside));
    await writeWhole(elsewhere, code).catch((cause) => {
      throw new SmithersError("DB_FULL", "No folder has room for the compiled workflow.", { cause });
    });
    return elsewhere;
  }
}

export async function removeShadow(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
}

/** Removes a source's shadow files that a process has left behind when it was killed. */
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

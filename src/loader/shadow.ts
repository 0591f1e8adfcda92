import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileUnavailable, PrivateFolder, writePrivateFile } from "../files/index.ts";
import { runtime, sha1 } from "../runtime/index.ts";
import { isProvablyDead, newOwner } from "../store/index.ts";

/** A younger file may belong to another process that is about to import it. */
const leftoverAfterMs = 60_000;

/**
 * The files that workflows are imported from. Each lies next to its source, is named by its content and has mode 0600.
 * Where that folder cannot be written, or no module can be imported from it, the file lies in a private folder of this process.
 */
export class ShadowFiles {
  #privateFolder: PrivateFolder | undefined;

  /**
   * Writes a shadow file in one step, replacing an identical one.
   * @returns the file's path
   * @throws DB_FULL, FILE_UNAVAILABLE when it cannot be written to either folder
   */
  async write(source: string, hash: string, code: string): Promise<string> {
    const name = `${prefix(source)}${hash}.tsx`;
    const path = join(dirname(source), name);
    if (!runtime.canImport(path)) return this.#writeElsewhere(source, name, code);
    try {
      await writePrivateFile(path, code);
      return path;
    } catch {
      // The folder is not writable, has no room, or has something else under this name.
      return this.#writeElsewhere(source, name, code);
    }
  }

  async #writeElsewhere(source: string, name: string, code: string): Promise<string> {
    try {
      if (!this.#privateFolder?.isIntact()) {
        this.#privateFolder = new PrivateFolder({ name: newOwner(), isDead: isProvablyDead });
      }
      // Workflows of different folders may have the same name and the same content.
      const folder = join(this.#privateFolder.path, sha1(dirname(source)));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, runtime.canImport(name) ? name : `.workflow.smithers-${sha1(name)}.tsx`);
      await writePrivateFile(path, code);
      return path;
    } catch (cause) {
      const problem = "The compiled workflow cannot be written next to its source or to the temporary folder";
      throw fileUnavailable(problem, cause);
    }
  }

  /** Removes a source's shadow files that killed processes have left behind next to it. */
  async removeLeftovers(source: string, inUse: string): Promise<void> {
    const folder = dirname(source);
    // A folder may allow to read a file that one knows, and not to list its files.
    const names = await readdir(folder).catch(() => []);
    const leftovers = names.filter((name) => name.startsWith(prefix(source)) && name !== basename(inUse));
    for (const name of leftovers) {
      const path = join(folder, name);
      const changedMs = await stat(path).then(
        (file) => file.mtimeMs,
        () => undefined,
      );
      if (changedMs !== undefined && Date.now() - changedMs > leftoverAfterMs) await removeShadow(path);
    }
  }

  /** Removes the private folder, with what is left in it. */
  close(): void {
    this.#privateFolder?.remove();
    this.#privateFolder = undefined;
  }
}

export async function removeShadow(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
}

function prefix(source: string): string {
  return `.${basename(source, extname(source))}.smithers-`;
}

import { statSync } from "node:fs";
import { readSource } from "../files/index.ts";
import { sha1 } from "../runtime/index.ts";

/**
 * Age of a file's last change, in ms, from which its times tell a later change: within the resolution of a file system's
 * clock, two changes may have the same time.
 */
const settledMs = 2_000;

/** Tells whether files still have the contents that were loaded. It reads only those whose times have changed. */
export class UnchangedFiles {
  /** By path, the SHA-1 of the contents. */
  readonly #hashes: ReadonlyMap<string, string>;
  /** By path, the mark of a file that had these contents. */
  readonly #marks = new Map<string, string>();

  constructor(hashes: ReadonlyMap<string, string>) {
    this.#hashes = hashes;
  }

  async areAll(): Promise<boolean> {
    const unsure = [...this.#hashes].filter(([file]) => !this.#isMarked(file));
    const same = await Promise.all(unsure.map(([file, hash]) => this.#isSame(file, hash)));
    return same.every(Boolean);
  }

  /** Whether the times of all files are those of the contents that were loaded. Every start of a run asks this first. */
  areAllMarked(): boolean {
    for (const file of this.#hashes.keys()) if (!this.#isMarked(file)) return false;
    return true;
  }

  #isMarked(file: string): boolean {
    const mark = this.#marks.get(file);
    return mark !== undefined && markOf(file)?.text === mark;
  }

  async #isSame(file: string, hash: string): Promise<boolean> {
    const mark = markOf(file);
    const contents = await readSource(file).catch(() => undefined);
    if (!mark || !contents || sha1(contents) !== hash) return false;
    if (mark.isSettled) this.#marks.set(file, mark.text);
    return true;
  }
}

/** What changes with each change of a file; undefined when it cannot be read. */
function markOf(file: string): { readonly text: string; readonly isSettled: boolean } | undefined {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(file, { bigint: true });
    return {
      text: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
      isSettled: Date.now() - Number(ctimeMs) > settledMs,
    };
  } catch {
    return undefined;
  }
}

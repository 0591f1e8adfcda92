import { relative, resolve, sep } from "node:path";

const keptKeys = 256;

/** Tells workflow files apart, by their paths below the root. */
export class FileKeys {
  readonly #rootDir: string;
  /** By path as it was given. */
  readonly #keys = new Map<string, string>();

  constructor(rootDir: string) {
    this.#rootDir = rootDir;
  }

  keyOf(path: string): string {
    const known = this.#keys.get(path);
    if (known !== undefined) return known;
    const key = relative(this.#rootDir, resolve(this.#rootDir, path)).split(sep).join("/");
    if (this.#keys.size === keptKeys) this.#keys.clear();
    this.#keys.set(path, key);
    return key;
  }
}

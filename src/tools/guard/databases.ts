import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { databaseSuffixes } from "../sandbox/index.ts";
import { stampOf } from "./tree.ts";

/** Every database of this package has tables whose names begin so. Their definitions stand near the file's beginning. */
const tablePrefix = "_smithers_";
const lookedAtBytes = 256 * 1024;

/** Finds this package's databases by what they hold: also of other servers, copies, and those that were moved. */
export class Databases {
  /** What was looked at, by path: its stamp, and whether it is one. */
  readonly #known = new Map<string, { readonly stamp: string; readonly isOurs: boolean }>();

  /** The databases among files that are called so, with everything that SQLite keeps next to them. */
  among(paths: readonly string[]): string[] {
    const ours = new Set(paths.filter((path) => this.#isOurs(path)).map((path) => path.replace(/-(wal|journal)$/, "")));
    return [...ours].flatMap((path) => databaseSuffixes.map((suffix) => path + suffix));
  }

  #isOurs(path: string): boolean {
    let fd: number;
    try {
      // A FIFO of this name must not be waited for.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch {
      return false;
    }
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile()) return false;
      const stamp = stampOf(stats);
      const known = this.#known.get(path);
      // A database stays one while it grows.
      if (known?.stamp === stamp || (known?.isOurs && stats.size > 0n)) return known.isOurs;
      const start = Buffer.alloc(lookedAtBytes);
      const isOurs = start.subarray(0, readSync(fd, start, 0, lookedAtBytes, 0)).includes(tablePrefix);
      this.#known.set(path, { stamp, isOurs });
      return isOurs;
    } finally {
      closeSync(fd);
    }
  }
}
